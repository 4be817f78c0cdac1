package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchboard-rt/switchboard/auth"
)

const maxTokenTime = 30 * 24 * time.Hour

// tokenOptions are what a token is to say.
type tokenOptions struct {
	user, name, issuer string
	audience, claims   []string
	ttl                time.Duration
	keyFile            string
}

func tokenCommand() *cobra.Command {
	var o tokenOptions
	c := &cobra.Command{
		Use:   "token",
		Short: "Make a token for trying out",
		Long: `Make a JSON Web Token for trying out, and print it alone on standard output:

  switchboard token --user ann --key-file secret.txt

The key is an HMAC secret or a private key (PEM, JSON Web Key), from a file, or a
secret from the environment variable SWITCHBOARD_AUTH_SECRET. A server that shares
it, or has the public key, lets the bearer in as that user until the token ends.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printToken(cmd.OutOrStdout(), o, os.Getenv(envName("auth-secret")), slog.New(slog.NewTextHandler(os.Stderr, nil)))
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVar(&o.user, "user", "", "the user's `id` (sub); needed")
	fs.StringVar(&o.name, "name", "", "the user's name, for showing")
	fs.DurationVar(&o.ttl, "ttl", time.Hour, "how long the token is good, up to 720h")
	fs.StringVar(&o.keyFile, "key-file", "", "`file` with the key")
	fs.StringVar(&o.issuer, "issuer", "", "who made it (iss)")
	fs.StringSliceVar(&o.audience, "audience", nil, "who it is for (aud)")
	fs.StringArrayVar(&o.claims, "claim", nil, "a further claim, as `name=text`; may be given several times")
	return c
}

// printToken makes the token. No error says anything of the key.
func printToken(w io.Writer, o tokenOptions, secret string, log *slog.Logger) error {
	if o.user == "" {
		return errors.New("token: whose is it? Give --user")
	}
	if o.ttl <= 0 || o.ttl > maxTokenTime {
		return fmt.Errorf("token: --ttl must be above 0 and up to %v: tokens cannot be taken back", maxTokenTime)
	}
	key := []byte(secret)
	switch {
	case o.keyFile != "" && secret != "":
		return fmt.Errorf("token: there are two keys, --key-file and %s: give one", envName("auth-secret"))
	case o.keyFile != "":
		var err error
		if key, err = readSecret(o.keyFile, log); err != nil {
			return fmt.Errorf("token: %w", err)
		}
	case secret == "":
		return fmt.Errorf("token: there is no key: give --key-file, or set %s", envName("auth-secret"))
	}
	claims, err := o.allClaims(time.Now())
	if err != nil {
		return err
	}
	token, err := auth.Issue(key, claims)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, token)
	return err
}

func (o *tokenOptions) allClaims(now time.Time) (map[string]any, error) {
	claims := map[string]any{"sub": o.user, "iat": now.Unix(), "exp": now.Add(o.ttl).Unix()}
	for _, pair := range o.claims {
		name, value, ok := strings.Cut(pair, "=")
		if _, taken := claims[name]; !ok || name == "" || taken {
			return nil, fmt.Errorf("token: --claim %q is not of the form name=text, or has its own flag", pair)
		}
		claims[name] = value
	}
	if o.name != "" {
		claims["name"] = o.name
	}
	if o.issuer != "" {
		claims["iss"] = o.issuer
	}
	if len(o.audience) > 0 {
		claims["aud"] = o.audience
	}
	return claims, nil
}
