package switchboard_test

import (
	"context"
	"encoding/json"
	"flag"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/contract"
	"github.com/switchboard-rt/switchboard/transport"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the files in testdata")

type account struct {
	ID      string `json:"id"`
	Friends []*account
	Note    *string           `json:"note,omitempty"`
	Tags    map[string][]byte `json:"tags"`
	Since   time.Time         `json:"since"`
	Cents   int64             `json:"cents,string"`
	hidden  int
	audit
}

type audit struct {
	By   string
	When *time.Time
	ID   int `json:"id"` // the outer one counts
}

type page[T any] struct {
	Items []T
	Next  *page[T]
}

// bank is a hub with a method of each shape.
func bank() *switchboard.Hub {
	h := quiet(switchboard.Options{})
	h.Handle("transfer", func(ctx context.Context, c *switchboard.Conn, from, to string, cents uint32) error { return nil },
		switchboard.Authorize(onlyAnn))
	h.Handle("Open", func(a account) (*account, error) { return &account{hidden: 1}, nil })
	h.Handle("Import", func(dry bool, rows iter.Seq2[account, error], rate float32) (int, error) { return 0, nil })
	h.Handle("Watch", func(id [16]byte) iter.Seq2[page[account], error] { return nil })
	h.Handle("Raw", func(v any, p json.RawMessage, q struct{ X, Y int8 }) map[int]bool { return nil })
	h.Declares(
		switchboard.Event[account]("changed"),
		switchboard.Signature[func(user, message string)]("ReceiveMessage"),
		switchboard.Signature[func(question string) bool]("confirm"),
		switchboard.Signature[func()]("bye"),
	)
	return h
}

func TestDescribe(t *testing.T) {
	got, err := json.MarshalIndent(bank().Describe(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	golden := filepath.Join("testdata", "describe.json")
	if *rewrite {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("the description differs from %s (go test -run TestDescribe -rewrite):\n%s", golden, got)
	}
	var back contract.Hub
	if err := json.Unmarshal(got, &back); err != nil || len(back.Methods) != 5 || len(back.Events) != 4 {
		t.Errorf("%+v, %v", back, err)
	}
}

func TestDeclaresPanics(t *testing.T) {
	for name, f := range map[string]func(h *switchboard.Hub){
		"no name":     func(h *switchboard.Hub) { h.Declares(switchboard.Signature[func()]("")) },
		"no function": func(h *switchboard.Hub) { h.Declares(switchboard.Signature[int]("x")) },
		"channel":     func(h *switchboard.Hub) { h.Declares(switchboard.Signature[func(chan int)]("x")) },
		"stream":      func(h *switchboard.Hub) { h.Declares(switchboard.Signature[func(iter.Seq2[int, error])]("x")) },
		"event":       func(h *switchboard.Hub) { h.Declares(switchboard.Event[chan int]("x")) },
		"named twice": func(h *switchboard.Hub) { h.Declares(switchboard.Event[int]("x"), switchboard.Event[int]("x")) },
		"too late":    func(h *switchboard.Hub) { dial(t, h, transport.Peer{}); h.Declares() },
	} {
		func() {
			defer func() {
				if s, _ := recover().(string); !strings.HasPrefix(s, "switchboard: ") {
					t.Errorf("%s: %q", name, s)
				}
			}()
			f(quiet(switchboard.Options{}))
		}()
	}
}
