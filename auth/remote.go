package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	maxKeySetBody = 256 << 10
	// fetchPause is the least time between two fetches: tokens with made-up key
	// ids cannot make us flood the issuer.
	fetchPause = 10 * time.Second
	// staleAfter is how long keys stay good that cannot be fetched anew.
	staleAfter = 24 * time.Hour
)

var (
	errClosed = errors.New("auth: the verifier is closed")
	errNoKeys = errors.New("auth: the issuer's keys cannot be fetched")
)

// remote holds the key set of a URL. One fetch runs at a time, on a goroutine
// that close waits for.
type remote struct {
	url              string
	client           *http.Client
	refresh, timeout time.Duration
	log              *slog.Logger

	ctx     context.Context // ends with close
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	keys    keySet
	fetched time.Time     // when keys came
	tried   time.Time     // when the last fetch began
	pending chan struct{} // closed when the fetch that runs has ended; nil if none does
}

func newRemote(o *Options) *remote {
	r := &remote{url: o.KeysURL, client: o.HTTPClient, refresh: o.Refresh, timeout: o.FetchTimeout, log: o.Logger}
	if r.client == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.DisableKeepAlives = true // fetches are minutes apart
		t.MaxResponseHeaderBytes = 32 << 10
		r.client = &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("key sets are not followed to other addresses")
		}}
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

func (r *remote) close() {
	r.mu.Lock()
	r.cancel() // no fetch begins after this
	r.mu.Unlock()
	r.running.Wait()
}

// find returns the keys that fit. Known ones are returned without waiting; an
// unknown one waits for a fetch, if one is due.
func (r *remote) find(ctx context.Context, alg, id string) (keySet, error) {
	r.mu.Lock()
	now := time.Now()
	fit, usable := r.keys.find(alg, id), now.Before(r.fetched.Add(staleAfter))
	need := len(fit) == 0 || !usable
	pending := r.pending
	if pending == nil && (need || now.After(r.fetched.Add(r.refresh))) && !now.Before(r.tried.Add(fetchPause)) {
		pending = r.begin(now)
	}
	r.mu.Unlock()
	if r.ctx.Err() != nil {
		return nil, errClosed
	}
	if !need {
		return fit, nil
	}
	if pending != nil {
		select {
		case <-pending:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !time.Now().Before(r.fetched.Add(staleAfter)) {
		return nil, errNoKeys
	}
	return r.keys.find(alg, id), nil
}

// begin starts a fetch. r.mu is held.
func (r *remote) begin(now time.Time) chan struct{} {
	if r.ctx.Err() != nil {
		return nil
	}
	done := make(chan struct{})
	r.pending, r.tried = done, now
	r.running.Go(func() {
		keys, err := r.fetch()
		r.mu.Lock()
		defer r.mu.Unlock()
		if err == nil {
			r.keys, r.fetched = keys, time.Now()
		} else if r.ctx.Err() == nil {
			r.log.Warn("auth: the issuer's keys cannot be fetched; those known stay good for a day", "error", err)
		}
		r.pending = nil
		close(done)
	})
	return done
}

// fetch gets the set, bounded in time and size.
func (r *remote) fetch() (keySet, error) {
	ctx, cancel := context.WithTimeout(r.ctx, r.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer is %s", res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxKeySetBody+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxKeySetBody {
		return nil, fmt.Errorf("the answer is larger than %d KiB", maxKeySetBody>>10)
	}
	return parseKeys(body)
}
