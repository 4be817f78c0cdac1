package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/internal/origin"
	"github.com/switchboard-rt/switchboard/transport"
)

// functional are the routes of the official functional tests, section n.2 of
// the protocol page. They come with the CORS and the cookies of that section,
// which no other route here has.
type functional struct {
	*routes
	origins []string // of pages with suites
	listed  *origin.Policy

	redirects atomic.Int64
}

// addFunctional hosts them. It returns an error for a nonsensical origin.
func (r *routes) addFunctional(origins []string, tokens *tokens) error {
	listed, err := origin.New(origins, nil, true)
	if err != nil {
		return err
	}
	f := &functional{routes: r, origins: origins, listed: listed}
	hub, authorized, uncreatable := newTestHub(), newAuthorizedHub(), newUncreatableHub()
	r.hubs = append(r.hubs, hub, authorized, uncreatable)

	f.door("/testhub", hub, endpoint.Options{})
	f.door("/testhub-nowebsockets", hub, endpoint.Options{
		Transports: []transport.Kind{transport.ServerSentEvents, transport.LongPolling},
	})
	f.door("/default", hub, endpoint.Options{StatefulReconnect: true})
	f.door("/authorizedhub", authorized, endpoint.Options{Authenticate: tokens.user})
	f.door("/uncreatable", uncreatable, endpoint.Options{})
	f.door("/echo", echoLine{}, endpoint.Options{})

	f.page("/echoredirect", echoRedirect)
	f.page("/redirect", f.redirect)
	f.page("/bad-negotiate", badNegotiate)
	f.page("/generatejwttoken", tokens.issue)
	f.page("/deployment", deployment)
	f.page("/clientresult", clientResult(hub))
	return nil
}

// door mounts a hub or line; its endpoint adds the CORS headers to answers.
func (f *functional) door(path string, h transport.Opener, o endpoint.Options) {
	o.AllowedOrigins, o.Context = f.origins, withHeaders
	f.routes.door(path, h, &o)
	f.handlers[path] = f.first(f.handlers[path])
}

func (f *functional) page(path string, h http.HandlerFunc) {
	f.handlers[path] = f.first(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.allow(w.Header(), r)
		h(w, r)
	}))
}

// first answers every OPTIONS, and sets cookies on whatever negotiates.
func (f *functional) first(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			f.allow(w.Header(), r)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if strings.Contains(r.URL.Path, "/negotiate") {
			setCookies(w, r.TLS != nil)
		}
		h.ServeHTTP(w, r)
	})
}

// allow lets pages of the suites' origins send what they ask for and read the answer.
func (f *functional) allow(head http.Header, r *http.Request) {
	from := r.Header.Get("Origin")
	if from == "" || !f.listed.Listed(from) {
		return
	}
	head.Set("Vary", "Origin")
	head.Set("Access-Control-Allow-Origin", from)
	head.Set("Access-Control-Allow-Credentials", "true")
	for asked, allowed := range map[string]string{
		"Access-Control-Request-Method":  "Access-Control-Allow-Methods",
		"Access-Control-Request-Headers": "Access-Control-Allow-Headers",
	} {
		if v := r.Header.Get(asked); v != "" {
			head.Set(allowed, v)
		}
	}
}

func setCookies(w http.ResponseWriter, secure bool) {
	for _, c := range []http.Cookie{
		{Name: "testCookie", Value: "testValue"},
		{Name: "testCookie2", Value: "testValue2"},
		{Name: "expiredCookie", Value: "doesntmatter", Expires: time.Now().Add(-time.Hour)},
	} {
		c.Path = "/"
		if secure {
			c.Secure, c.SameSite, c.Partitioned = true, http.SameSiteNoneMode, true
		}
		http.SetCookie(w, &c)
	}
}

// echoRedirect sends everything to the same path with echo in place of echoredirect.
func echoRedirect(w http.ResponseWriter, r *http.Request) {
	to := "/echo" + r.URL.Path[len("/echoredirect"):]
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// redirect answers a negotiation with another address, which tells how many
// redirects there have been.
func (f *functional) redirect(w http.ResponseWriter, r *http.Request) {
	answerJSON(w, map[string]string{
		"url": fmt.Sprintf("%s/testHub?numRedirects=%d", r.URL.Query().Get("baseUrl"), f.redirects.Add(1)),
	})
}

func badNegotiate(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprint(w, "Some response from server")
}

// deployment tells what was built.
func deployment(w http.ResponseWriter, _ *http.Request) {
	built := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		built["Module"], built["Version"], built["Go"] = info.Main.Path, info.Main.Version, info.GoVersion
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				built["Revision"] = s.Value
			}
		}
	}
	answerJSON(w, built)
}

func clientResult(h *switchboard.Hub) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Path[len("/clientresult"):]
		fmt.Fprint(w, askResult(r.Context(), h, strings.TrimPrefix(id, "/")))
	}
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v) // the client has gone if it fails
}
