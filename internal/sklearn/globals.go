package sklearn

import (
	"strings"

	"tagifai/internal/pickle"
)

// The classes whose objects are read.
const (
	tfidfVectorizer    = "TfidfVectorizer"
	countVectorizer    = "CountVectorizer"
	tfidfTransformer   = "TfidfTransformer"
	sgdClassifier      = "SGDClassifier"
	logisticRegression = "LogisticRegression"
	pipeline           = "Pipeline"
)

// allowed are the classes and functions that a file may name. Some modules were
// renamed: both names are listed.
var allowed = pickle.Allow(refused,
	pickle.Classes("sklearn.feature_extraction.text", countVectorizer, tfidfTransformer, tfidfVectorizer),
	pickle.Classes("sklearn.linear_model._logistic", logisticRegression),
	pickle.Classes("sklearn.linear_model.logistic", logisticRegression),
	pickle.Classes("sklearn.linear_model._stochastic_gradient", sgdClassifier),
	pickle.Classes("sklearn.linear_model.stochastic_gradient", sgdClassifier),
	pickle.Classes("sklearn.pipeline", pipeline),

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

// refused is what an error says of a class or function that is not allowed, after its
// name.
func refused(name string) string {
	if strings.HasPrefix(name, "sklearn.") {
		return "is not supported, only a " + tfidfVectorizer + " or " + countVectorizer + ", a " + tfidfTransformer +
			", a " + sgdClassifier + " or " + logisticRegression + ", and a " + pipeline + " of these"
	}
	return "is refused: it is no part of a scikit-learn model that is supported, and nothing of it is run"
}
