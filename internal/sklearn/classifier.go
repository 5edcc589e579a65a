package sklearn

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tagifai/internal/pickle"
	"tagifai/model"
)

// classifier reads an SGDClassifier or LogisticRegression. The vocabulary has to be
// known; labels are the names of the classes by index, nil if there are none.
func classifier(n pickle.Node, w *model.Weights, labels []string) error {
	var err error
	if w.Classes, err = classNames(n, labels); err != nil {
		return err
	}
	if n.Class() == sgdClassifier {
		w.Loss, err = sgdLoss(n)
	} else {
		w.Loss, err = regressionLoss(n, len(w.Classes))
	}
	if err != nil {
		return err
	}
	rows, columns := w.Rows(), len(w.NGrams)
	coefficients, err := n.Attr("coef_")
	if err != nil {
		return err
	}
	if shape, _ := coefficients.Shape(); len(shape) == 2 && shape[1] != columns {
		return fmt.Errorf("%s has shape %v, but the vocabulary %d n-grams: the vectorizer is of another training run", coefficients.Path(), shape, columns)
	}
	if w.Coefficients, err = coefficients.Numbers(rows, columns); err != nil {
		return err
	}
	w.Intercepts, err = intercepts(n, rows)
	return err
}

// intercepts returns the intercepts: an array, or the 0 of a LogisticRegression that
// was told to fit none.
func intercepts(n pickle.Node, rows int) ([]float64, error) {
	a, err := n.Attr("intercept_")
	if err != nil {
		return nil, err
	}
	if x, ok := a.Float(); ok && x == 0 {
		return make([]float64, rows), nil
	}
	return a.Numbers(rows)
}

func sgdLoss(n pickle.Node) (model.Loss, error) {
	loss, err := n.OneOf("loss", "log_loss", "log", "modified_huber")
	if loss == "modified_huber" {
		return model.ModifiedHuber, err
	}
	return model.LogLoss, err
}

// regressionLoss follows LogisticRegression.predict_proba, of the version that wrote
// the file. What it decides by is the parameter multi_class, until that goes.
func regressionLoss(n pickle.Node, classes int) (model.Loss, error) {
	solver, err := n.Attr("solver")
	if err != nil {
		return "", err
	}
	multiClass, given := n.Find("multi_class")
	switch {
	case multiClass.Is("ovr"), multiClass.Is("warn"): // the second is the default of 0.20 and 0.21
		return model.LogLoss, nil
	case multiClass.Is("multinomial"):
		return model.Multinomial, nil
	case given && !multiClass.Is("auto") && !multiClass.Is("deprecated"):
		return "", multiClass.Wrong("'auto', 'ovr' or 'multinomial'")
	case classes == 2, solver.Is("liblinear"):
		return model.LogLoss, nil
	case solver.Is("newton-cholesky"):
		// One class against the rest before 1.6, all at once since.
		version := version(n)
		minor, ok := strings.CutPrefix(version, "1.")
		minor, _, _ = strings.Cut(minor, ".")
		number, err := strconv.Atoi(minor)
		if !ok || err != nil {
			return "", fmt.Errorf("%s is 'newton-cholesky', whose probabilities depend on the version of scikit-learn, and the file's is %q", solver.Path(), version)
		}
		if number < 6 {
			return model.LogLoss, nil
		}
	}
	return model.Multinomial, nil
}

// classNames returns the names of the classes, in the order of the rows.
func classNames(n pickle.Node, labels []string) ([]string, error) {
	classes, err := n.Attr("classes_")
	if err != nil {
		return nil, err
	}
	shape, _ := classes.Shape()
	if len(shape) != 1 {
		return nil, classes.Wrong("an array of one dimension")
	}
	if shape[0] < 2 {
		return nil, fmt.Errorf("%s has %d classes, at least 2 are wanted", classes.Path(), shape[0])
	}
	if names, ok := classes.Texts(); ok {
		return names, nil
	}
	numbers, ok := classes.Integers()
	if !ok {
		return nil, classes.Wrong("an array of integers or of strings")
	}
	if labels == nil {
		return nil, fmt.Errorf("%s are numbers, and there is no %s with their names", classes.Path(), model.LabelEncoderFile)
	}
	if len(numbers) != len(labels) {
		return nil, fmt.Errorf("%s has %d classes, %s %d", classes.Path(), len(numbers), model.LabelEncoderFile, len(labels))
	}
	for i, number := range numbers {
		if number != int64(i) {
			return nil, fmt.Errorf("%s[%d] is %d: class numbers other than 0 to %d, in this order, are not supported", classes.Path(), i, number, len(labels)-1)
		}
	}
	return slices.Clone(labels), nil
}
