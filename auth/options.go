package auth

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"
)

// Options say which tokens are good. At least one of Secret, PublicKeys and
// KeysURL is needed; the zero value of any other field means its default.
type Options struct {
	// Secret verifies HMAC signatures: HS256 from 32 bytes on, HS384 from 48, HS512 from 64.
	Secret []byte
	// PublicKeys verify RSA (from 2048 bits on), EC and Ed25519 signatures: PEM
	// (public keys, certificates), or a JSON Web Key Set. Of private keys the public half is taken.
	PublicKeys []byte
	// KeysURL is where a JSON Web Key Set is fetched from: https, or http on a
	// loopback address. The set is fetched when first needed, again every
	// Refresh, and when a token names an unknown key, then at most every 10 s.
	// If that fails the keys known stay good for 24 hours. Symmetric keys in it are ignored.
	KeysURL string
	// Refresh is how old keys of KeysURL may become. Default 15 minutes.
	Refresh time.Duration
	// FetchTimeout bounds one fetch of KeysURL. Default 5 s. The answer may have 256 KiB and 100 keys.
	FetchTimeout time.Duration
	// HTTPClient fetches KeysURL. Default: one that follows no redirects and keeps no connections.
	HTTPClient *http.Client

	// Algorithms are those taken, of "HS256", "RS256", "PS256", "ES256", "EdDSA" and so on. Default: all that fit the keys.
	Algorithms []string
	// Issuer must be the token's iss, exactly. Empty: not looked at.
	Issuer string
	// Audience must have one of the token's aud. Empty: not looked at; give it
	// wherever the issuer makes tokens for other services, too.
	Audience []string
	// Leeway is how far clocks may differ. Default 0; at most 5 minutes.
	Leeway time.Duration
	// WithoutExpiry takes tokens without exp, which are good for ever.
	WithoutExpiry bool

	// UserClaims are the claims that may hold the user's id; the first present
	// counts, and a token without any is refused. Default "sub", then "nameid".
	UserClaims []string
	// NameClaims are the same for the name to show; it may be missing. Default "name", "unique_name", "preferred_username".
	NameClaims []string

	// Anonymous lets requests without a token in, as nobody. A bad token is refused all the same.
	Anonymous bool
	// MaxToken bounds a token's length in bytes. Default 16 KiB.
	MaxToken int
	// Logger takes failures to fetch keys. Default slog.Default().
	Logger *slog.Logger
}

const minSecret = 32

func (o *Options) settle() (s Options, err error) {
	if o != nil {
		s = *o
	}
	if len(s.Secret) == 0 && len(s.PublicKeys) == 0 && s.KeysURL == "" {
		return s, errors.New("one of the options Secret, PublicKeys and KeysURL is needed")
	}
	if s.Leeway < 0 || s.Leeway > 5*time.Minute {
		return s, fmt.Errorf("the option Leeway must be between 0 and 5 minutes, it is %v", s.Leeway)
	}
	if s.Refresh < 0 || s.FetchTimeout < 0 || s.MaxToken < 0 {
		return s, errors.New("the options Refresh, FetchTimeout and MaxToken must not be negative")
	}
	for _, name := range s.Algorithms {
		if !slices.Contains(allAlgorithms, name) {
			return s, fmt.Errorf("the algorithm %q is not one of %v", name, allAlgorithms)
		}
	}
	if s.KeysURL != "" {
		if err := checkURL(s.KeysURL); err != nil {
			return s, err
		}
	}
	s.Refresh = cmp.Or(s.Refresh, 15*time.Minute)
	s.FetchTimeout = cmp.Or(s.FetchTimeout, 5*time.Second)
	s.MaxToken = cmp.Or(s.MaxToken, 16<<10)
	if len(s.UserClaims) == 0 {
		s.UserClaims = []string{"sub", "nameid"}
	}
	if len(s.NameClaims) == 0 {
		s.NameClaims = []string{"name", "unique_name", "preferred_username"}
	}
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	return s, nil
}

// checkURL refuses to fetch keys over a line that anybody can write on.
func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil {
		return errors.New("the option KeysURL is not a URL of the form https://host/path")
	}
	if u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()) {
		return nil
	}
	return errors.New("the option KeysURL must begin with https://, unless it is on a loopback address: who can change keys on their way can make tokens")
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
