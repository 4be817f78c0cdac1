package switchboard

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/switchboard-rt/switchboard/internal/bind"
)

// method is one callable name.
type method struct {
	name string // as registered; error texts use this casing
	plan *bind.Plan

	allow   []func(context.Context, *Conn) error
	filters filters
}

func newMethod(name string, fn any, options []MethodOption) (*method, error) {
	switch {
	case strings.TrimSpace(name) == "":
		return nil, errors.New("the name must not be empty or blank")
	case !utf8.ValidString(name):
		return nil, errors.New("the name must be UTF-8")
	}
	plan, err := bind.New(fn, connType)
	if err != nil {
		return nil, err
	}
	m := &method{name: name, plan: plan}
	for _, o := range options {
		o(m)
	}
	return m, nil
}

// streaming reports whether calls run beside the line: the method takes or returns streams.
func (m *method) streaming() bool { return m.plan.Streams || len(m.plan.Uploads) > 0 }

// fold is the one rule by which method names compare: lower case, by Unicode's
// simple mapping. Names towards clients are never re-cased.
func fold(name string) string { return strings.ToLower(name) }

// lookup finds a method by the name a client sent, without allocating for
// short ASCII names.
func (h *Hub) lookup(target []byte) *method {
	var buf [64]byte
	if len(target) > len(buf) {
		return h.methods[fold(string(target))]
	}
	for i, c := range target {
		if c >= utf8.RuneSelf {
			return h.methods[fold(string(target))]
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return h.methods[string(buf[:len(target)])]
}
