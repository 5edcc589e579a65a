package keys

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/auth"
)

type newCommand struct {
	ID      string   `placeholder:"ID" help:"Id of the key, for the log, the metrics and the history of models; generated if left out."`
	Actions []string `required:"" placeholder:"ACTION" help:"What it allows: predict, explain, read, batch, admin."`
	For     []string `placeholder:"PATTERN" help:"Models that it may be used for, such as 'tagger*'; every model if left out."`
	Expires string   `placeholder:"TIME" help:"When it expires: after 90d or 12h, or at 2027-01-31T12:00:00Z; never if left out."`
}

func (newCommand) Help() string {
	return "Example:\n\n    tagifai keys --keys-file keys.yaml new --actions predict,read --for 'tagger*' --expires 90d\n\n" +
		"The secret is printed once, alone on stdout. The file has only its SHA-256."
}

func (c newCommand) Run(group *Command, env cli.Env) error {
	secret, sum := auth.NewSecret()
	k := auth.Key{ID: c.ID, SHA256: sum, Models: c.For}
	if k.ID == "" {
		k.ID = fmt.Sprintf("key-%x", sum[:4])
	}
	err := auth.CheckID(k.ID)
	if err == nil {
		k.Actions, err = auth.ParseActions(c.Actions)
	}
	if err == nil {
		err = auth.CheckPatterns(c.For)
	}
	if err == nil && c.Expires != "" {
		k.Expires, err = parseExpiry(c.Expires, time.Now())
	}
	if err != nil {
		return cli.Misuse(err)
	}
	if err := auth.AddKey(group.KeysFile, k); err != nil {
		return err
	}
	// The secret goes first: whatever happens to the rest, it is not lost.
	if _, err := fmt.Fprintln(env.Out, secret); err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Err, "key %s is in %s: it allows %s, its models are %s, it expires %s\n",
		k.ID, group.KeysFile, k.Actions, modelsText(k.Models), expiryText(k.Expires, time.Now()))
	return err
}

// parseExpiry reads a number of days, a duration or a point in time to come.
func parseExpiry(text string, now time.Time) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		var n uint64
		if n, err = strconv.ParseUint(days, 10, 16); err == nil {
			at = now.AddDate(0, 0, int(n))
		}
	} else if err != nil {
		var d time.Duration
		if d, err = time.ParseDuration(text); err == nil {
			at = now.Add(d)
		}
	}
	if err != nil {
		return at, fmt.Errorf("--expires: %.80q is not a time; give one such as 90d, 12h or 2027-01-31T12:00:00Z", text)
	}
	if !at.After(now) {
		return at, fmt.Errorf("--expires: %.80q is not in the future", text)
	}
	return at.Truncate(time.Second), nil
}
