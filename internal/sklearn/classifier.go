package sklearn

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"tagifai/internal/pickle"
	"tagifai/model"
)

// A fitted is a classifier as rows of coefficients of the features, and links.
type fitted struct {
	rows       [][]float64
	intercepts []float64
	links      []model.Link
	undecided  bool // scikit-learn has no decision_function for it
	bernoulli  int  // classifiers that take each feature as 0 or 1
	others     int  // classifiers that do not
}

// A reading reads a classifier of features, whatever it is made of. An object of the file
// can be part of it many times: what is read of all together is limited.
type reading struct {
	features int
	left     int // numbers that may be read
}

func newReading(n pickle.Node, features int) *reading {
	const base, perByte = 1 << 23, 2 // of coefficients, of which each takes 4 bytes or 8
	return &reading{features, base + n.Size()/perByte}
}

// spend counts numbers that are about to be read.
func (r *reading) spend(n pickle.Node, numbers int) error {
	if r.left -= numbers; r.left < 0 {
		return fmt.Errorf("%s is one part too many: all together have more numbers than their file", n.Path())
	}
	return nil
}

func (c *fitted) add(of *fitted, weight float64) {
	c.rows = append(c.rows, of.rows...)
	c.intercepts = append(c.intercepts, of.intercepts...)
	for _, l := range of.links {
		l.Weight *= weight
		c.links = append(c.links, l)
	}
	c.bernoulli += of.bernoulli
	c.others += of.others
}

// classifier reads the last step of a pipeline.
func classifier(n pickle.Node, f *features, labels []string) (*model.Weights, error) {
	n, err := unwrap(n)
	if err != nil {
		return nil, err
	}
	classes, err := classNames(n, labels)
	if err != nil {
		return nil, err
	}
	c, err := newReading(n, f.count()).fit(n, len(classes), 0)
	if err != nil {
		return nil, err
	}
	if c.bernoulli > 0 {
		if c.others > 0 {
			return nil, fmt.Errorf("%s has a %s, which takes each feature as 0 or 1, and others, which do not: this cannot be one set of features", n.Path(), bernoulliNB)
		}
		if err := f.binarize(); err != nil {
			return nil, fmt.Errorf("%s cannot be supported: %w", n.Path(), err)
		}
	}
	if err := f.bounded(c.rows); err != nil {
		return nil, fmt.Errorf("%s: %w", n.Path(), err)
	}
	w := f.weights(c.rows, c.intercepts)
	w.Classes, w.Links = classes, c.links
	if len(w.Links) == 1 {
		w.Links[0].Weight = 1
	}
	return w, nil
}

// fit reads a classifier of so many classes, inside of so many others.
func (r *reading) fit(n pickle.Node, classes, depth int) (*fitted, error) {
	n, err := unwrap(n)
	if err != nil {
		return nil, err
	}
	const object = 100 // what reading one costs beside its numbers
	if err := r.spend(n, object); err != nil {
		return nil, err
	}
	const deepest = 10
	if depth == deepest {
		return nil, fmt.Errorf("%s: more than %d classifiers are in one another", n.Path(), deepest)
	}
	switch n.Class() {
	case sgdClassifier, logisticRegression, logisticRegressionCV, linearSVC, ridgeClassifier, ridgeClassifierCV, perceptron, passiveAggressive:
		return r.linear(n, classes)
	case multinomialNB, complementNB, bernoulliNB:
		return r.bayes(n, classes)
	case calibratedClassifierCV:
		return r.calibrated(n, classes, depth)
	case oneVsRest:
		return r.againstRest(n, classes, depth)
	case oneVsOne:
		return r.againstEach(n, classes, depth)
	case votingClassifier:
		return r.voting(n, classes, depth)
	}
	return nil, unsupported(n, "one of "+strings.Join(classifiers, ", "))
}

// rowsOf returns how many rows of coefficients a classifier of so many classes has.
func rowsOf(classes int) int {
	if classes == 2 {
		return 1
	}
	return classes
}

// linear reads a classifier with coef_ and intercept_.
func (r *reading) linear(n pickle.Node, classes int) (*fitted, error) {
	loss, err := lossOf(n, classes)
	if err != nil {
		return nil, err
	}
	c := &fitted{links: []model.Link{{Loss: loss, Weight: 1}}, others: 1}
	coef, err := n.Attr("coef_")
	if err != nil {
		return nil, err
	}
	if shape, ok := coef.Shape(); ok && len(shape) == 1 && classes == 2 { // a RidgeClassifier since 1.7
		row, err := coef.Numbers(r.features)
		if err != nil {
			return nil, err
		}
		c.rows = [][]float64{row}
	} else if c.rows, err = r.matrix(coef, rowsOf(classes)); err != nil {
		return nil, err
	}
	c.intercepts, err = intercepts(n, rowsOf(classes))
	return c, err
}

// matrix returns the rows of an array, which has to have so many and a column for each
// feature.
func (r *reading) matrix(a pickle.Node, rows int) ([][]float64, error) {
	columns := r.features
	if shape, _ := a.Shape(); len(shape) == 2 && shape[1] != columns {
		return nil, fmt.Errorf("%s has shape %v, but the steps before it make %d features, of so many n-grams: the vectorizer is of another training run", a.Path(), shape, columns)
	}
	if err := r.spend(a, rows*columns); err != nil {
		return nil, err
	}
	numbers, err := a.Numbers(rows, columns)
	if err != nil {
		return nil, err
	}
	matrix := make([][]float64, rows)
	for i := range matrix {
		matrix[i] = numbers[i*columns:][:columns:columns]
	}
	return matrix, nil
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
func lossOf(n pickle.Node, classes int) (model.Loss, error) {
	switch n.Class() {
	case logisticRegression, logisticRegressionCV:
		return regressionLoss(n, classes)
	case sgdClassifier:
		loss, err := n.OneOf("loss", "log_loss", "log", "modified_huber", "hinge", "squared_hinge", "perceptron",
			"squared_error", "squared_loss", "huber", "epsilon_insensitive", "squared_epsilon_insensitive")
		switch loss {
		case "log_loss", "log":
			return model.LogLoss, err
		case "modified_huber":
			return model.ModifiedHuber, err
		}
		return model.NoLoss, err
	}
	return model.NoLoss, nil
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
		if _, ok := minor(n); !ok {
			return "", fmt.Errorf("%s is 'newton-cholesky', whose probabilities depend on the version of scikit-learn, and the file's is %q", solver.Path(), version(n))
		}
		if !atLeast(n, 6) {
			return model.LogLoss, nil
		}
	}
	return model.Multinomial, nil
}

// minor is the second number of the version of scikit-learn that wrote the object, 6
// for 1.6.1. ok is false if that is none, or if the first is not 1.
func minor(n pickle.Node) (number int, ok bool) {
	text, ok := strings.CutPrefix(version(n), "1.")
	text, _, _ = strings.Cut(text, ".")
	number, err := strconv.Atoi(text)
	return number, ok && err == nil
}

// atLeast reports whether scikit-learn 1.x, for this x, or a newer one wrote the object.
func atLeast(n pickle.Node, x int) bool {
	number, ok := minor(n)
	return ok && number >= x
}

// bayes reads a naive Bayes classifier: its joint log likelihoods are scores, which the
// softmax function makes probabilities of. Those of two classes are one row, their
// difference.
func (r *reading) bayes(n pickle.Node, classes int) (*fitted, error) {
	a, err := n.Attr("feature_log_prob_")
	if err != nil {
		return nil, err
	}
	c := &fitted{undecided: true, others: 1, links: []model.Link{{Loss: model.Multinomial, Weight: 1}}}
	if c.rows, err = r.matrix(a, classes); err != nil {
		return nil, err
	}
	if n.Class() == complementNB {
		c.intercepts = make([]float64, classes)
	} else if c.intercepts, err = n.Floats("class_log_prior_", classes); err != nil {
		return nil, err
	}
	if n.Class() == bernoulliNB {
		if err := bernoulli(n, c); err != nil {
			return nil, err
		}
	}
	if classes == 2 {
		for i, x := range c.rows[0] {
			c.rows[1][i] -= x
		}
		c.intercepts = []float64{c.intercepts[1] - c.intercepts[0]}
		c.rows = c.rows[1:]
		c.links[0].Loss = model.LogLoss
	}
	return c, nil
}

// bernoulli makes the rows of a BernoulliNB, in which also what a text lacks has a say,
// rows of what a text has.
func bernoulli(n pickle.Node, c *fitted) error {
	threshold, err := n.Attr("binarize")
	if err != nil {
		return err
	}
	if !threshold.IsNone() {
		if x, ok := threshold.Float(); !ok || x != 0 {
			return threshold.Wrong("0.0 or None")
		}
		c.bernoulli, c.others = 1, 0
	}
	for k, row := range c.rows {
		for i, x := range row {
			absent := math.Log(1 - math.Exp(x))
			if math.IsInf(absent, 0) || math.IsNaN(absent) {
				return fmt.Errorf("%s.feature_log_prob_[%d %d] is %v, the logarithm of a probability that is not below 1", n.Path(), k, i, x)
			}
			row[i] -= absent
			c.intercepts[k] += absent
		}
	}
	return nil
}

// sameClasses checks that a part of a classifier has as many classes as the whole.
func sameClasses(n pickle.Node, classes int) error {
	a, err := classesOf(n)
	if err != nil {
		return err
	}
	if shape, ok := a.Shape(); !ok || len(shape) != 1 || shape[0] != classes {
		return fmt.Errorf("%s is %v, but the whole has %d classes: a part that was fitted without some of them is not supported", a.Path(), a, classes)
	}
	return nil
}

// parts yields the items of an attribute that is a list. There is at least one.
func parts(n pickle.Node, name string) ([]pickle.Node, error) {
	list, err := n.Attr(name)
	if err != nil {
		return nil, err
	}
	const most = 10_000
	if list.Len() == 0 || list.Len() > most {
		return nil, list.Wrong(fmt.Sprintf("a list of 1 to %d items", most))
	}
	var items []pickle.Node
	for i := range list.Len() {
		items = append(items, list.Item(i))
	}
	return items, nil
}

// calibrated reads a CalibratedClassifierCV: each of its parts has rows of its own, and
// their probabilities are averaged.
func (r *reading) calibrated(n pickle.Node, classes, depth int) (*fitted, error) {
	members, err := parts(n, "calibrated_classifiers_")
	if err != nil {
		return nil, err
	}
	all := new(fitted)
	for _, member := range members {
		one, err := r.calibratedOne(member, classes, depth)
		if err != nil {
			return nil, err
		}
		all.add(one, 1/float64(len(members)))
	}
	all.undecided = true
	return all, nil
}

func (r *reading) calibratedOne(n pickle.Node, classes, depth int) (*fitted, error) {
	base, ok := n.Find("estimator")
	if !ok {
		var err error
		if base, err = n.Attr("base_estimator"); err != nil {
			return nil, err
		}
	}
	base, err := unwrap(base)
	if err != nil {
		return nil, err
	}
	if err := sameClasses(base, classes); err != nil {
		return nil, err
	}
	c, err := r.fit(base, classes, depth+1)
	if err != nil {
		return nil, err
	}
	if len(c.links) != 1 || c.links[0].Calibrators != nil || c.links[0].Loss == model.OneVsOne {
		return nil, fmt.Errorf("%s is a %s, whose calibration is not supported; calibrate the classifiers that it is made of", base.Path(), base.Class())
	}
	l := &c.links[0]
	if !c.undecided {
		l.Loss = model.NoLoss // what is calibrated is decision_function
	}
	method, err := n.OneOf("method", "sigmoid", "isotonic")
	if err != nil {
		return nil, err
	}
	name := "calibrators"
	if _, ok := n.Find(name); !ok {
		name = "calibrators_"
	}
	list, err := parts(n, name)
	if err != nil {
		return nil, err
	}
	if len(list) != rowsOf(classes) {
		return nil, fmt.Errorf("%s.%s has %d items for %d classes", n.Path(), name, len(list), classes)
	}
	for _, item := range list {
		read := sigmoid
		if method == "isotonic" {
			read = isotonic
		}
		calibrator, err := read(item)
		if err != nil {
			return nil, err
		}
		l.Calibrators = append(l.Calibrators, calibrator)
	}
	return c, nil
}

func sigmoid(n pickle.Node) (model.Calibrator, error) {
	slope, err := number(n, "a_")
	if err != nil {
		return model.Calibrator{}, err
	}
	offset, err := number(n, "b_")
	return model.Calibrator{Slope: slope, Offset: offset}, err
}

func isotonic(n pickle.Node) (model.Calibrator, error) {
	var c model.Calibrator
	if _, err := n.OneOf("out_of_bounds", "clip"); err != nil {
		return c, err
	}
	x, y := "X_thresholds_", "y_thresholds_"
	if _, ok := n.Find(x); !ok {
		x, y = "_necessary_X_", "_necessary_y_" // before 0.24
	}
	a, err := n.Attr(x)
	if err != nil {
		return c, err
	}
	shape, _ := a.Shape()
	if len(shape) != 1 || shape[0] == 0 {
		return c, a.Wrong("an array of one dimension, not empty,")
	}
	if c.X, err = a.Numbers(shape...); err != nil {
		return c, err
	}
	if c.Y, err = n.Floats(y, shape...); err != nil {
		return c, err
	}
	for i := 1; i < len(c.X); i++ {
		if !(c.X[i] > c.X[i-1]) {
			return c, fmt.Errorf("%s[%d] is %v, not above the one before, %v", a.Path(), i, c.X[i], c.X[i-1])
		}
	}
	return c, nil
}

// againstRest reads a OneVsRestClassifier.
func (r *reading) againstRest(n pickle.Node, classes, depth int) (*fitted, error) {
	binarizer, err := n.Attr("label_binarizer_")
	if err != nil {
		return nil, err
	}
	if _, err := binarizer.OneOf("y_type_", "multiclass", "binary"); err != nil {
		return nil, fmt.Errorf("%w: each text has one label", err)
	}
	return r.pairs(n, rowsOf(classes), depth)
}

// againstEach reads a OneVsOneClassifier.
func (r *reading) againstEach(n pickle.Node, classes, depth int) (*fitted, error) {
	if indices, ok := n.Find("pairwise_indices_"); ok && !indices.IsNone() {
		return nil, indices.Wrong("None")
	}
	c, err := r.pairs(n, classes*(classes-1)/2, depth)
	if err != nil {
		return nil, err
	}
	if c.undecided {
		return nil, fmt.Errorf("%s is made of classifiers without decision_function, which is not supported; use LogisticRegression or LinearSVC", n.Path())
	}
	c.links[0].Loss = model.OneVsOne
	return c, nil
}

// pairs reads so many classifiers of two classes, which have a row each.
func (r *reading) pairs(n pickle.Node, count, depth int) (*fitted, error) {
	estimators, err := parts(n, "estimators_")
	if err != nil {
		return nil, err
	}
	if len(estimators) != count {
		return nil, fmt.Errorf("%s.estimators_ has %d items, %d are wanted", n.Path(), len(estimators), count)
	}
	var all *fitted
	for _, e := range estimators {
		one, err := r.fit(e, 2, depth+1)
		if err != nil {
			return nil, err
		}
		if len(one.links) != 1 || one.links[0].Calibrators != nil || len(one.rows) != 1 {
			return nil, fmt.Errorf("%s is a %s, which is not supported inside of a %s; put the %s around the %s", e.Path(), e.Class(), n.Class(), e.Class(), n.Class())
		}
		if one.links[0].Loss == model.Multinomial {
			return nil, fmt.Errorf("%s.multi_class is 'multinomial', which is not supported inside of a %s; use 'ovr'", e.Path(), n.Class())
		}
		switch {
		case all == nil:
			all = one
			continue
		case all.links[0].Loss != one.links[0].Loss:
			return nil, fmt.Errorf("%s is of another kind than the classifiers before it", e.Path())
		}
		links := all.links
		all.add(one, 1)
		all.links = links
	}
	return all, nil
}

// voting reads a VotingClassifier that averages probabilities.
func (r *reading) voting(n pickle.Node, classes, depth int) (*fitted, error) {
	if _, err := n.OneOf("voting", "soft"); err != nil {
		return nil, err
	}
	estimators, err := parts(n, "estimators_")
	if err != nil {
		return nil, err
	}
	given, err := votingWeights(n, len(estimators))
	if err != nil {
		return nil, err
	}
	all := &fitted{undecided: true}
	for i, e := range estimators {
		if err := sameClasses(e, classes); err != nil {
			return nil, err
		}
		one, err := r.fit(e, classes, depth+1)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(one.links, func(l model.Link) bool {
			return l.Calibrators == nil && (l.Loss == model.NoLoss || l.Loss == model.OneVsOne)
		}) {
			return nil, fmt.Errorf("%s is a %s without probabilities, which cannot vote", e.Path(), e.Class())
		}
		if given[i] > 0 {
			all.add(one, given[i])
		}
	}
	if len(all.links) == 0 {
		return nil, fmt.Errorf("%s.weights are all 0", n.Path())
	}
	return all, nil
}

// votingWeights returns the weights of those estimators that were not dropped.
func votingWeights(n pickle.Node, count int) ([]float64, error) {
	a, err := n.Attr("weights")
	if err != nil {
		return nil, err
	}
	if a.IsNone() {
		return slices.Repeat([]float64{1}, count), nil
	}
	if shape, ok := a.Shape(); ok && len(shape) == 1 && shape[0] == count {
		return a.Numbers(count)
	}
	var weights []float64
	list, err := n.Attr("estimators")
	if err != nil {
		return nil, err
	}
	for i := range a.Len() {
		if i < list.Len() {
			if pair := list.Item(i); pair.Len() == 2 && (pair.Item(1).Is("drop") || pair.Item(1).IsNone()) {
				continue
			}
		}
		x, ok := a.Item(i).Float()
		if !ok || !(x >= 0) {
			return nil, a.Item(i).Wrong("a number of 0 or more")
		}
		weights = append(weights, x)
	}
	if len(weights) != count {
		return nil, a.Wrong(fmt.Sprintf("a list of a number for each of %d estimators, or None,", count))
	}
	return weights, nil
}
