package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"
)

// finding is one thing that doctor looked at.
type finding struct {
	Check  string `json:"check"`
	State  string `json:"state"` // ok, warn, bad or skipped
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

const (
	isOK      = "ok"
	isWarn    = "warn"
	isBad     = "bad"
	isSkipped = "skipped"
)

// envDoctorToken is the variable with doctor's token; it is no setting.
const envDoctorToken = envPrefix + "TOKEN"

var errUnwell = errors.New("doctor: something is bad; each finding above says how to mend it")

func doctorCommand() *cobra.Command {
	var asJSON, insecure bool
	hold := 70 * time.Second
	c := &cobra.Command{
		Use:   "doctor [URL of a hub]",
		Short: "Check this machine, and a hub through whatever stands before it",
		Long: `Check what limits a server on this machine: descriptors, the listen backlog, local
ports, the clock. Given the URL of a hub, also check the way there: an event stream
and a WebSocket are really held, to find proxies that buffer, that cut quiet
connections, or that do not pass WebSockets on.

  switchboard doctor https://chat.example/chatHub

Each finding comes with its fix. The exit code is 1 if something is bad. A token for
the hub is taken from the environment variable SWITCHBOARD_TOKEN.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			findings := checkHost()
			if len(args) == 1 {
				w, err := newWay(args[0], os.Getenv(envDoctorToken), hold, insecure)
				if err != nil {
					return err
				}
				findings = append(findings, w.check(cmd.Context())...)
			}
			return report(cmd.OutOrStdout(), findings, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	c.Flags().DurationVar(&hold, "hold", hold, "how long connections are held; proxies often cut after 60 s")
	c.Flags().BoolVar(&insecure, "insecure", false, "do not check the server's certificate")
	return c
}

// report prints the findings. Its error stands for those that are bad.
func report(w io.Writer, findings []finding, asJSON bool) error {
	bad := false
	for _, f := range findings {
		bad = bad || f.State == isBad
	}
	var err error
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		err = enc.Encode(findings)
	} else {
		for _, f := range findings {
			_, err = fmt.Fprintf(w, "%-8s %-18s %s\n", f.State, f.Check, f.Detail)
			if f.Fix != "" {
				_, err = fmt.Fprintf(w, "%27s fix: %s\n", "", f.Fix)
			}
		}
	}
	if err == nil && bad {
		return errUnwell
	}
	return err
}

func parseHubURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" {
		return nil, errors.New("doctor: give the URL of a hub, such as https://chat.example/chatHub, without a query")
	}
	return u, nil
}
