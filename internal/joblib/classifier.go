package joblib

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tagifai/model"
)

// classifier reads an SGDClassifier or LogisticRegression. The vocabulary has to be
// known; labels are the names of the classes by index, nil if there are none.
func classifier(n node, w *model.Weights, labels []string) error {
	var err error
	if w.Classes, err = classNames(n, labels); err != nil {
		return err
	}
	if n.class() == sgdClassifier {
		w.Loss, err = sgdLoss(n)
	} else {
		w.Loss, err = regressionLoss(n, len(w.Classes))
	}
	if err != nil {
		return err
	}
	rows, columns := w.Rows(), len(w.NGrams)
	coefficients, err := n.attr("coef_")
	if err != nil {
		return err
	}
	if a := n.array(coefficients.value); a != nil && len(a.shape) == 2 && a.shape[1] != columns {
		return fmt.Errorf("%s has shape %v, but the vocabulary %d n-grams: the vectorizer is of another training run", coefficients.path, a.shape, columns)
	}
	if w.Coefficients, err = coefficients.numbers(rows, columns); err != nil {
		return err
	}
	w.Intercepts, err = intercepts(n, rows)
	return err
}

// intercepts returns the intercepts: an array, or the 0 of a LogisticRegression that
// was told to fit none.
func intercepts(n node, rows int) ([]float64, error) {
	a, err := n.attr("intercept_")
	if err != nil {
		return nil, err
	}
	if (a.value.kind == floatKind || a.value.kind == intKind) && a.value.num == 0 {
		return make([]float64, rows), nil
	}
	return a.numbers(rows)
}

func sgdLoss(n node) (model.Loss, error) {
	loss, err := n.oneOf("loss", "log_loss", "log", "modified_huber")
	if loss == "modified_huber" {
		return model.ModifiedHuber, err
	}
	return model.LogLoss, err
}

// regressionLoss follows LogisticRegression.predict_proba, of the version that wrote
// the file. What it decides by is the parameter multi_class, until that goes.
func regressionLoss(n node, classes int) (model.Loss, error) {
	solver, err := n.attr("solver")
	if err != nil {
		return "", err
	}
	multiClass, given := n.find("multi_class")
	switch {
	case multiClass.is("ovr"), multiClass.is("warn"): // the second is the default of 0.20 and 0.21
		return model.LogLoss, nil
	case multiClass.is("multinomial"):
		return model.Multinomial, nil
	case given && !multiClass.is("auto") && !multiClass.is("deprecated"):
		return "", multiClass.wrong("'auto', 'ovr' or 'multinomial'")
	case classes == 2, solver.is("liblinear"):
		return model.LogLoss, nil
	case solver.is("newton-cholesky"):
		// One class against the rest before 1.6, all at once since.
		version := version(n)
		minor, ok := strings.CutPrefix(version, "1.")
		minor, _, _ = strings.Cut(minor, ".")
		number, err := strconv.Atoi(minor)
		if !ok || err != nil {
			return "", fmt.Errorf("%s is 'newton-cholesky', whose probabilities depend on the version of scikit-learn, and the file's is %q", solver.path, version)
		}
		if number < 6 {
			return model.LogLoss, nil
		}
	}
	return model.Multinomial, nil
}

// version is the version of scikit-learn that wrote the object, "" if it does not say.
func version(n node) string {
	v, ok := n.find("_sklearn_version")
	if !ok || v.value.kind != stringKind {
		return ""
	}
	return cut(v.raw(v.value))
}

// classNames returns the names of the classes, in the order of the rows.
func classNames(n node, labels []string) ([]string, error) {
	classes, err := n.attr("classes_")
	if err != nil {
		return nil, err
	}
	a := n.array(classes.value)
	if a == nil || len(a.shape) != 1 {
		return nil, classes.wrong("an array of one dimension")
	}
	if a.shape[0] < 2 {
		return nil, fmt.Errorf("%s has %d classes, at least 2 are wanted", classes.path, a.shape[0])
	}
	if names := n.names(a); names != nil {
		return names, nil
	}
	numbers := a.integers()
	if numbers == nil {
		return nil, classes.wrong("an array of integers or of strings")
	}
	if labels == nil {
		return nil, fmt.Errorf("%s are numbers, and there is no %s with their names", classes.path, model.LabelEncoderFile)
	}
	if len(numbers) != len(labels) {
		return nil, fmt.Errorf("%s has %d classes, %s %d", classes.path, len(numbers), model.LabelEncoderFile, len(labels))
	}
	for i, number := range numbers {
		if number != int64(i) {
			return nil, fmt.Errorf("%s[%d] is %d: class numbers other than 0 to %d, in this order, are not supported", classes.path, i, number, len(labels)-1)
		}
	}
	return slices.Clone(labels), nil
}

// names returns the items of an array of strings, nil if a is another.
func (p *pickled) names(a *array) []string {
	switch a.dtype.code {
	case 'U':
		names := make([]string, a.count())
		for i := range names {
			names[i] = string(a.dtype.appendText(nil, a.data[i*a.dtype.size:][:a.dtype.size]))
		}
		return names
	case 'O':
		names := make([]string, 0, len(a.objects))
		for _, v := range a.objects {
			if v.kind != stringKind {
				return nil
			}
			names = append(names, string(p.raw(v)))
		}
		return names
	}
	return nil
}

// integers returns the items of an array of integers, nil if a is another.
func (a *array) integers() []int64 {
	numbers := make([]int64, 0, a.count())
	if a.dtype.code == 'O' {
		for _, v := range a.objects {
			if v.kind != intKind {
				return nil
			}
			numbers = append(numbers, v.num)
		}
		return numbers
	}
	for i := range a.count() {
		number, ok := a.dtype.integer(a.data[i*a.dtype.size:][:a.dtype.size])
		if !ok {
			return nil
		}
		numbers = append(numbers, number)
	}
	return numbers
}
