package registry

import "github.com/rs/zerolog"

// An observer is told what becomes of the model, one event at a time.
type observer interface {
	// serves says that v is served from now on, and why it was loaded: "" at the start.
	serves(v *Version, why string)
	// refused says that a new version is not served.
	refused(err error, why string)
}

// journal writes the events to the log.
type journal struct{ log zerolog.Logger }

func (j journal) serves(v *Version, why string) {
	message := "model reloaded"
	if why == "" {
		message = "model loaded"
	}
	for _, warning := range v.Warnings() {
		j.log.Warn().Msg(warning)
	}
	j.log.Info().Str("run_id", v.RunID()).Strs("classes", v.Classes()).Dur("ms", v.Took).Msg(message)
}

func (j journal) refused(err error, why string) {
	j.log.Error().Str("why", why).Err(err).Msg("new model refused, the old one serves on")
}
