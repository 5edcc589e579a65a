package sklearn

import (
	"fmt"
	"strings"

	"tagifai/internal/pickle"
)

// The classes whose objects are read.
const (
	tfidfVectorizer   = "TfidfVectorizer"
	countVectorizer   = "CountVectorizer"
	featureUnion      = "FeatureUnion"
	columnTransformer = "ColumnTransformer"

	tfidfTransformer  = "TfidfTransformer"
	selectKBest       = "SelectKBest"
	selectPercentile  = "SelectPercentile"
	selectFromModel   = "SelectFromModel"
	varianceThreshold = "VarianceThreshold"
	maxAbsScaler      = "MaxAbsScaler"
	standardScaler    = "StandardScaler"
	normalizer        = "Normalizer"
	truncatedSVD      = "TruncatedSVD"

	sgdClassifier        = "SGDClassifier"
	logisticRegression   = "LogisticRegression"
	logisticRegressionCV = "LogisticRegressionCV"
	linearSVC            = "LinearSVC"
	ridgeClassifier      = "RidgeClassifier"
	ridgeClassifierCV    = "RidgeClassifierCV"
	perceptron           = "Perceptron"
	passiveAggressive    = "PassiveAggressiveClassifier"
	multinomialNB        = "MultinomialNB"
	complementNB         = "ComplementNB"
	bernoulliNB          = "BernoulliNB"

	calibratedClassifierCV = "CalibratedClassifierCV"
	oneVsRest              = "OneVsRestClassifier"
	oneVsOne               = "OneVsOneClassifier"
	votingClassifier       = "VotingClassifier"

	pipeline              = "Pipeline"
	gridSearchCV          = "GridSearchCV"
	randomizedSearchCV    = "RandomizedSearchCV"
	halvingGridSearchCV   = "HalvingGridSearchCV"
	halvingRandomSearchCV = "HalvingRandomSearchCV"
	frozenEstimator       = "FrozenEstimator"
	labelEncoder          = "LabelEncoder"

	// These are read to say why they are not supported.
	hashingVectorizer = "HashingVectorizer"
	svc               = "SVC"
	nearestCentroid   = "NearestCentroid"
)

// vectorizers are the classes that may come first, betweens those that may stand between
// vectorizer and classifier, classifiers those that may come last.
var (
	vectorizers = []string{tfidfVectorizer, countVectorizer, featureUnion, columnTransformer, hashingVectorizer}
	betweens    = []string{
		tfidfTransformer, selectKBest, selectPercentile, selectFromModel, varianceThreshold, maxAbsScaler,
		standardScaler, normalizer, truncatedSVD,
	}
	classifiers = []string{
		sgdClassifier, logisticRegression, logisticRegressionCV, linearSVC, ridgeClassifier, ridgeClassifierCV,
		perceptron, passiveAggressive, multinomialNB, complementNB, bernoulliNB,
		calibratedClassifierCV, oneVsRest, oneVsOne, votingClassifier,
	}
)

// allowed are the classes and functions that a file may name. Some modules were
// renamed: both names are listed.
var allowed = pickle.Allow(refused,
	pickle.Classes("sklearn.feature_extraction.text", countVectorizer, tfidfTransformer, tfidfVectorizer, hashingVectorizer),
	pickle.Classes("sklearn.pipeline", pipeline, featureUnion),
	pickle.Classes("sklearn.compose._column_transformer", columnTransformer, "_RemainderColsList"),
	pickle.Classes("sklearn.feature_selection._univariate_selection", selectKBest, selectPercentile),
	pickle.Mentioned("sklearn.feature_selection._univariate_selection", "chi2", "f_classif", "f_oneway", "f_regression"),
	pickle.Mentioned("sklearn.feature_selection._mutual_info", "mutual_info_classif", "mutual_info_regression"),
	pickle.Classes("sklearn.feature_selection._from_model", selectFromModel),
	pickle.Classes("sklearn.feature_selection._variance_threshold", varianceThreshold),
	pickle.Classes("sklearn.preprocessing._data", maxAbsScaler, standardScaler, normalizer),
	pickle.Classes("sklearn.preprocessing._label", labelEncoder, "LabelBinarizer"),
	pickle.Classes("sklearn.decomposition._truncated_svd", truncatedSVD),

	pickle.Classes("sklearn.linear_model._logistic", logisticRegression, logisticRegressionCV),
	pickle.Classes("sklearn.linear_model.logistic", logisticRegression, logisticRegressionCV),
	pickle.Classes("sklearn.linear_model._stochastic_gradient", sgdClassifier),
	pickle.Classes("sklearn.linear_model.stochastic_gradient", sgdClassifier),
	pickle.Classes("sklearn.linear_model._perceptron", perceptron),
	pickle.Classes("sklearn.linear_model._passive_aggressive", passiveAggressive),
	pickle.Classes("sklearn.linear_model._ridge", ridgeClassifier, ridgeClassifierCV),
	pickle.Classes("sklearn.svm._classes", linearSVC, svc),
	pickle.Classes("sklearn.neighbors._nearest_centroid", nearestCentroid),
	pickle.Classes("sklearn.naive_bayes", multinomialNB, complementNB, bernoulliNB),
	pickle.Classes("sklearn.calibration", calibratedClassifierCV, "_CalibratedClassifier", "_SigmoidCalibration", "_TemperatureScaling"),
	pickle.Classes("sklearn.isotonic", "IsotonicRegression"),
	pickle.Classes("sklearn.multiclass", oneVsRest, oneVsOne),
	pickle.Classes("sklearn.ensemble._voting", votingClassifier),
	pickle.Classes("sklearn.frozen._frozen", frozenEstimator),
	pickle.Dicts("sklearn.utils", "Bunch"),
	pickle.Dicts("sklearn.utils._bunch", "Bunch"),
	pickle.Classes("sklearn.utils._metadata_requests", "MetadataRequest", "MethodMetadataRequest"),

	// What a search keeps beside the best estimator.
	pickle.Classes("sklearn.model_selection._search", gridSearchCV, randomizedSearchCV),
	pickle.Classes("sklearn.model_selection._search_successive_halving", halvingGridSearchCV, halvingRandomSearchCV),
	pickle.Mentioned("sklearn.model_selection._search_successive_halving", "_refit_callable"),
	pickle.Classes("sklearn.model_selection._split",
		"KFold", "StratifiedKFold", "GroupKFold", "StratifiedGroupKFold", "RepeatedKFold", "RepeatedStratifiedKFold",
		"ShuffleSplit", "StratifiedShuffleSplit", "GroupShuffleSplit", "LeaveOneOut", "PredefinedSplit", "TimeSeriesSplit"),
	pickle.Classes("sklearn.metrics._scorer",
		"_PassthroughScorer", "_Scorer", "_PredictScorer", "_ProbaScorer", "_ThresholdScorer", "_MultimetricScorer"),
	pickle.Mentioned("sklearn.metrics._scorer", "_passthrough_scorer"),
	pickle.Mentioned("sklearn.metrics._classification",
		"accuracy_score", "balanced_accuracy_score", "f1_score", "fbeta_score", "precision_score", "recall_score",
		"jaccard_score", "log_loss", "matthews_corrcoef", "cohen_kappa_score"),
	pickle.Mentioned("sklearn.metrics._ranking", "roc_auc_score", "average_precision_score", "top_k_accuracy_score"),
	pickle.Functions("numpy.ma.core", "_mareconstruct"),
	pickle.Mentioned("numpy.ma.core", "MaskedArray"),
	pickle.Mentioned("numpy.ma", "MaskedArray"),
	pickle.Functions("builtins", "slice", "getattr"), // the second is how str.split is named
	pickle.Functions("__builtin__", "getattr"),
	pickle.Functions("pandas.core.indexes.base", "_new_Index"),
	pickle.Classes("pandas.core.indexes.base", "Index"),
	pickle.Classes("pandas._libs.index", "ObjectEngine"),

	// What a fitted SGDClassifier keeps of its training. Cython calls
	// sklearn._loss._loss by the last part of its name alone.
	pickle.Classes("sklearn.linear_model._sgd_fast", losses...),
	pickle.Classes("sklearn.linear_model.sgd_fast", losses...),
	pickle.Classes("sklearn._loss._loss", cyLosses...),
	pickle.Classes("_loss", cyLosses...),
	pickle.Functions("numpy.random", "__RandomState_ctor"),
	pickle.Functions("numpy.random._pickle", "__randomstate_ctor", "__bit_generator_ctor"),
	pickle.Classes("numpy.random._mt19937", "MT19937"),

	// The matrix that the idf was kept in before 1.4.
	pickle.Classes("scipy.sparse.csr", "csr_matrix"),
	pickle.Classes("scipy.sparse.dia", "dia_matrix"),
	pickle.Classes("scipy.sparse._csr", "csr_matrix", "csr_array"),
	pickle.Classes("scipy.sparse._dia", "dia_matrix", "dia_array"),
	pickle.Classes("scipy.sparse._arrays", "csr_array", "dia_array"),

	// The values of the parameter dtype.
	pickle.Mentioned("numpy", "float64", "float32", "int64", "int32", "int16", "int8", "bool_", "str_", "object_"),
)

var losses = []string{
	"Log", "ModifiedHuber", "Hinge", "SquaredHinge", "SquaredLoss", "Huber", "EpsilonInsensitive",
	"SquaredEpsilonInsensitive",
}

var cyLosses = []string{"CyHalfBinomialLoss", "CyHalfSquaredError", "CyHuberLoss"}

// instead says what loads in place of classes that do not.
var instead = map[string]string{
	hashingVectorizer:           "it keeps no n-grams; use " + tfidfVectorizer + " with max_features",
	svc:                         "it keeps its coefficients as support vectors; use " + linearSVC + ", in a " + calibratedClassifierCV + " for probabilities",
	nearestCentroid:             "its tags and its probabilities are made of different distances; use " + logisticRegression + " or " + linearSVC,
	"KNeighborsClassifier":      "it keeps all texts; use " + logisticRegression + " or " + linearSVC,
	"FunctionTransformer":       "it is a function, and none of a file's code is run; use one of " + strings.Join(betweens, ", "),
	"StackingClassifier":        "it is not linear in the features; use a " + votingClassifier + " with voting='soft'",
	"LatentDirichletAllocation": "it is not linear in the counts; use " + truncatedSVD,
	"NMF":                       "it is not linear in the counts; use " + truncatedSVD,
}

// unsupported is the error for an object of a class that cannot stand where it is.
func unsupported(n pickle.Node, supported string) error {
	hint, ok := instead[n.Class()]
	if !ok {
		return n.Wrong(supported)
	}
	if kernel, ok := n.Find("kernel"); ok {
		hint = fmt.Sprintf("its kernel is %v, and %s", kernel, hint)
	}
	return fmt.Errorf("%s is a %s, which is not supported: %s", n.Path(), n.Class(), hint)
}

// refused is what an error says of a class or function that is not allowed, after its
// name.
func refused(name string) string {
	if !strings.HasPrefix(name, "sklearn.") {
		return "is not supported: what it does cannot be known from the file, and none of its code is run"
	}
	hint, ok := instead[name[strings.LastIndexByte(name, '.')+1:]]
	switch {
	case ok:
	case strings.HasPrefix(name, "sklearn.ensemble") || strings.HasPrefix(name, "sklearn.tree") || strings.HasPrefix(name, "sklearn.neural_network"):
		hint = "only linear classifiers are; use " + logisticRegression + " or " + linearSVC
	default:
		hint = "only a vectorizer (" + strings.Join([]string{tfidfVectorizer, countVectorizer, featureUnion, columnTransformer}, ", ") +
			"), then any of " + strings.Join(betweens, ", ") + ", then one of " + strings.Join(classifiers, ", ") + " is"
	}
	return "is not supported: " + hint
}
