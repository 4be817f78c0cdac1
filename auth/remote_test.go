package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// issuer answers requests for keys without a network, so that time can be faked.
type issuer struct {
	mu     sync.Mutex
	body   []byte
	status int
	hang   bool
	asked  int
}

func (s *issuer) serve(body []byte, status int, hang bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.body, s.status, s.hang = body, status, hang
}

func (s *issuer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.asked++
	body, status, hang := s.body, s.status, s.hang
	s.mu.Unlock()
	if hang {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: status, Status: fmt.Sprint(status), Body: io.NopCloser(strings.NewReader(string(body)))}, nil
}

func remoteVerifier(t *testing.T, s *issuer) *Verifier {
	return verifier(t, Options{KeysURL: "https://login.example/keys", HTTPClient: &http.Client{Transport: s}})
}

func TestRotation(t *testing.T) {
	first := webKeys(t, webKey(t, keyOnce()["p256"].Public(), "1", nil))
	second := webKeys(t, webKey(t, keyOnce()["p384"].Public(), "2", nil))
	old, young := privateAs(t, "p256", "1"), privateAs(t, "p384", "2")
	synctest.Test(t, func(t *testing.T) {
		s := &issuer{body: first, status: 200}
		v := remoteVerifier(t, s)
		ok := func(what string, signing []byte, want bool) {
			t.Helper()
			token, err := Issue(signing, map[string]any{"sub": "ann", "exp": time.Now().Add(time.Minute).Unix()})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := v.Verify(t.Context(), token); (err == nil) != want {
				t.Errorf("%s: %v", what, err)
			}
		}
		for range 100 {
			ok("the first key", old, true)
		}
		if n := s.count(); n != 1 {
			t.Errorf("%d fetches for 100 tokens", n)
		}
		s.serve(second, 200, false)
		ok("the new key, too early to ask again", young, false)
		time.Sleep(fetchPause)
		ok("the new key", young, true)
		ok("a key that was taken away", old, false)
		if n := s.count(); n != 2 {
			t.Errorf("%d fetches, not 2", n)
		}

		// An issuer that is down hurts nobody for a day, and is not asked all the time.
		s.serve(nil, 500, false)
		time.Sleep(15*time.Minute + time.Second)
		for range 100 {
			ok("while the issuer is down", young, true)
			synctest.Wait()
		}
		if n := s.count(); n != 3 {
			t.Errorf("%d fetches, not 3", n)
		}
		time.Sleep(24 * time.Hour)
		ok("after a day without the issuer", young, false)
		s.serve(second, 200, false)
		time.Sleep(fetchPause)
		ok("when it is back", young, true)
	})
}

// TestMadeUpKeyIDs: a flood of unknown key ids causes one fetch in ten seconds,
// and does not hold up tokens whose key is known.
func TestMadeUpKeyIDs(t *testing.T) {
	set := webKeys(t, webKey(t, keyOnce()["p256"].Public(), "1", nil))
	good := privateAs(t, "p256", "1")
	bad := privateAs(t, "p384", "made up")
	synctest.Test(t, func(t *testing.T) {
		s := &issuer{body: set, status: 200}
		v := remoteVerifier(t, s)
		token := issue(t, good, nil)
		forged := issue(t, bad, nil)
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		time.Sleep(fetchPause)
		s.serve(nil, 200, true) // and the issuer hangs
		var got atomic.Int32
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				if _, err := v.Verify(t.Context(), forged); err == nil {
					got.Add(1)
				}
			})
		}
		synctest.Wait()
		from := time.Now()
		if _, err := v.Verify(t.Context(), token); err != nil || time.Since(from) > 0 {
			t.Errorf("the bystander: %v after %v", err, time.Since(from))
		}
		all.Wait()
		if n := s.count(); n != 2 || got.Load() != 0 {
			t.Errorf("%d fetches, %d forged tokens got in", n, got.Load())
		}
		if took := time.Since(from); took != 5*time.Second {
			t.Errorf("a hanging issuer was waited for %v", took)
		}
	})
}

// TestCloseEndsAFetch: nothing is left, and who waits is told.
func TestCloseEndsAFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &issuer{hang: true}
		v := remoteVerifier(t, s)
		token := issue(t, privateAs(t, "p256", "1"), nil)
		waiting := make(chan error)
		go func() { _, err := v.Verify(context.Background(), token); waiting <- err }()
		synctest.Wait()
		from := time.Now()
		_ = v.Close()
		if err := <-waiting; err == nil || time.Since(from) > 0 {
			t.Errorf("%v after %v", err, time.Since(from))
		}
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, errClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// TestCallerLeaves: who does not wait any longer is let go.
func TestCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := remoteVerifier(t, &issuer{hang: true})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		from := time.Now()
		if _, err := v.Verify(ctx, issue(t, privateAs(t, "p256", "1"), nil)); err == nil || time.Since(from) != time.Second {
			t.Errorf("%v after %v", err, time.Since(from))
		}
	})
}

// TestBadKeySets: what an issuer, or who stands in its way, may answer.
func TestBadKeySets(t *testing.T) {
	good := webKeys(t, webKey(t, keyOnce()["p256"].Public(), "1", nil))
	token := issue(t, privateAs(t, "p256", "1"), nil)
	many := strings.Repeat(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},`, 101)
	oct := webKeys(t, webKey(t, secret, "s", nil))
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		token   string
		ok      bool
	}{
		"good": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(good) }, token, true},
		"with a key of an unknown kind": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.Replace(string(good), `{"keys":[`, `{"keys":[{"kty":"new","kid":"n"},`, 1)))
		}, token, true},
		"too big": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(append(good, make([]byte, 300<<10)...)) }, token, false},
		"too many keys": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"keys":[`+strings.TrimSuffix(many, ",")+`]}`)
		}, token, false},
		"symmetric key": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(oct) }, forge(`{"alg":"HS256","kid":"s"}`, payload(t, nil), hs256(secret)), false},
		"status 404":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); _, _ = w.Write(good) }, token, false},
		"sent elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/keys" {
				http.Redirect(w, r, "/other", http.StatusFound)
				return
			}
			_, _ = w.Write(good)
		}, token, false},
		"a page": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, token, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.handler)
			defer server.Close()
			v := verifier(t, Options{KeysURL: server.URL + "/keys"})
			if _, err := v.Verify(t.Context(), c.token); (err == nil) != c.ok {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestFixedAndFetched: keys of both kinds, of one algorithm, stand side by side.
func TestFixedAndFetched(t *testing.T) {
	set := webKeys(t, webKey(t, keyOnce()["p256"].Public(), "1", nil))
	other := newECKey(t)
	for name, c := range map[string]struct {
		hang bool
		key  []byte
		ok   bool
	}{
		"the fetched one":                       {false, privateAs(t, "p256", "1"), true},
		"the fixed one, under another id":       {false, asPEM(t, other), true},
		"the fixed one, while the issuer hangs": {true, asPEM(t, other), true},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &issuer{body: set, status: 200, hang: c.hang}
			v := verifier(t, Options{PublicKeys: asPublicPEM(t, other), KeysURL: "https://login.example/keys", HTTPClient: &http.Client{Transport: s}})
			if _, err := v.Verify(t.Context(), issue(t, c.key, nil)); (err == nil) != c.ok {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}
