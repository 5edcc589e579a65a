package sklearn

import (
	"fmt"
	"slices"

	"tagifai/internal/pickle"
	"tagifai/model/linear"
)

// linear reads a classifier with coef_ and intercept_.
func (r *reading) linear(n pickle.Node, classes int) (*fitted, error) {
	loss, err := lossOf(n, classes)
	if err != nil {
		return nil, err
	}
	c := &fitted{links: []linear.Link{{Loss: loss, Weight: 1}}, others: 1}
	coef, err := n.Attr("coef_")
	if err != nil {
		return nil, err
	}
	if shape, ok := coef.Shape(); ok && len(shape) == 1 && classes == 2 { // a RidgeClassifier since 1.7
		c.matrix, err = coef.View(r.features)
		if err != nil {
			return nil, err
		}
		c.rows = [][]float64{c.matrix}
	} else if c.rows, c.matrix, err = r.matrix(coef, rowsOf(classes)); err != nil {
		return nil, err
	}
	c.intercepts, err = intercepts(n, rowsOf(classes))
	return c, err
}

// matrix returns the rows of an array, which has to have so many and a column for each
// feature, one by one and all behind one another.
func (r *reading) matrix(a pickle.Node, rows int) (matrix [][]float64, numbers []float64, err error) {
	columns := r.features
	if shape, _ := a.Shape(); len(shape) == 2 && shape[1] != columns {
		return nil, nil, fmt.Errorf("%s has shape %v, but the steps before it make %d features, of so many n-grams: the vectorizer is of another training run", a.Path(), shape, columns)
	}
	if err := r.spend(a, rows*columns); err != nil {
		return nil, nil, err
	}
	if numbers, err = a.View(rows, columns); err != nil {
		return nil, nil, err
	}
	matrix = make([][]float64, rows)
	for i := range matrix {
		matrix[i] = numbers[i*columns:][:columns:columns]
	}
	return matrix, numbers, nil
}

// intercepts returns the intercepts: an array, or a number, such as the 0 of a classifier
// that was told to fit none.
func intercepts(n pickle.Node, rows int) ([]float64, error) {
	a, err := n.Attr("intercept_")
	if err != nil {
		return nil, err
	}
	if x, ok := a.Float(); ok && (x == 0 || rows == 1) {
		return slices.Repeat([]float64{x}, rows), nil
	}
	return a.Numbers(rows)
}

// lossOf returns how the scores of a linear classifier become probabilities.
func lossOf(n pickle.Node, classes int) (linear.Loss, error) {
	switch n.Class() {
	case logisticRegression, logisticRegressionCV:
		return regressionLoss(n, classes)
	case sgdClassifier:
		loss, err := n.OneOf("loss", "log_loss", "log", "modified_huber", "hinge", "squared_hinge", "perceptron",
			"squared_error", "squared_loss", "huber", "epsilon_insensitive", "squared_epsilon_insensitive")
		switch loss {
		case "log_loss", "log":
			return linear.LogLoss, err
		case "modified_huber":
			return linear.ModifiedHuber, err
		}
		return linear.NoLoss, err
	}
	return linear.NoLoss, nil
}

// regressionLoss follows LogisticRegression.predict_proba, of the version that wrote
// the file. What it decides by is the parameter multi_class, until that goes.
func regressionLoss(n pickle.Node, classes int) (linear.Loss, error) {
	solver, err := n.Attr("solver")
	if err != nil {
		return "", err
	}
	multiClass, given := n.Find("multi_class")
	switch {
	case multiClass.Is("ovr"), multiClass.Is("warn"): // the second is the default of 0.20 and 0.21
		return linear.LogLoss, nil
	case multiClass.Is("multinomial"):
		return linear.Multinomial, nil
	case given && !multiClass.Is("auto") && !multiClass.Is("deprecated"):
		return "", multiClass.Wrong("'auto', 'ovr' or 'multinomial'")
	case classes == 2, solver.Is("liblinear"):
		return linear.LogLoss, nil
	case solver.Is("newton-cholesky"):
		// One class against the rest before 1.6, all at once since.
		if _, ok := minor(n); !ok {
			return "", fmt.Errorf("%s is 'newton-cholesky', whose probabilities depend on the version of scikit-learn, and the file's is %q", solver.Path(), version(n))
		}
		if !atLeast(n, 6) {
			return linear.LogLoss, nil
		}
	}
	return linear.Multinomial, nil
}
