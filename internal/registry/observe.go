package registry

import (
	"errors"

	"github.com/rs/zerolog"

	"tagifai/internal/monitor"
)

// An observer is told what becomes of models and versions, one event of each at a time.
type observer interface {
	// serves says that v is served from now on, and why it was loaded: "" at the start.
	serves(v *Version, why string)
	// refused says that what a reload found is not served.
	refused(err error, why string)
	// loaded says that a version of a store is loaded.
	loaded(v *Version)
	// failed says that a version of a store could not be loaded.
	failed(k key, err error)
	// unloaded says that a version has made room for others.
	unloaded(v *Version)
	// moved says what has moved, and by whom, "" if that is not known.
	moved(model string, m move, by string)
	// behind says why a model is not served as it should be: "" once it is.
	behind(model, why string)
	// rests says that a model is not followed any more, until it is asked for.
	rests(model string)
}

// journal writes the events to the log.
type journal struct{ log zerolog.Logger }

func (j journal) serves(v *Version, why string) {
	if v.cache != nil {
		if why != "" {
			j.log.Info().Str("why", why).Msg("store read again")
		}
		return
	}
	message := "model reloaded"
	if why == "" {
		message = "model loaded"
	}
	j.warn(v)
	j.log.Info().Str("run_id", v.RunID()).Strs("classes", v.Classes()).Dur("ms", v.Took).Msg(message)
}

func (j journal) refused(err error, why string) {
	j.log.Error().Str("why", why).Err(err).Msg("new model refused, the old one serves on")
}

func (j journal) loaded(v *Version) {
	j.warn(v)
	j.log.Info().Str("model", v.Name).Int("version", v.Number).Str("run_id", v.RunID()).Dur("ms", v.Took).Int64("bytes", v.size).Msg("version loaded")
}

func (j journal) warn(v *Version) {
	for _, warning := range v.Warnings() {
		j.log.Warn().Msg(warning)
	}
	if _, err := v.monitor.Baseline(); err != nil && !errors.Is(err, monitor.ErrNone) {
		j.log.Warn().Err(err).Msg("predictions are not compared with the baseline")
	}
}

func (j journal) failed(k key, err error) {
	j.log.Error().Str("model", k.model).Int("version", k.number).Err(err).Msg("version refused")
}

func (j journal) unloaded(v *Version) {
	j.log.Info().Str("model", v.Name).Int("version", v.Number).Msg("version unloaded")
}

func (j journal) moved(model string, m move, by string) {
	line := j.log.Info().Str("model", model).Str("what", m.what)
	if m.from != nil {
		line.Int("from", m.from.Number)
	}
	if m.to != nil {
		line.Int("to", m.to.Number)
	}
	if m.percent != nil {
		line.Float64("percent", *m.percent)
	}
	if by != "" {
		line.Str("by", by)
	}
	line.Msg("moved")
}

func (j journal) behind(model, why string) {
	if why == "" {
		j.log.Info().Str("model", model).Msg("model served as it should be")
		return
	}
	j.log.Error().Str("model", model).Str("problem", why).Msg("what could not be loaded is served as before")
}

func (journal) rests(string) {}
