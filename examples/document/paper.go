package document

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"sync"

	"github.com/switchboard-rt/switchboard"
)

const (
	maxUpdate = 64 << 10  // bytes of one update
	maxBase   = 256 << 10 // bytes of the whole document, merged
	maxLog    = 512 << 10 // bytes after the base; then only deletions are taken
	maxExcess = 64 << 10  // bytes of deletions beyond that

	mergeCount = 100      // updates after the base that are worth merging
	mergeSize  = 64 << 10 // bytes of them
)

// paper is the document: a base and the updates after it. It knows no hub and
// no Yjs; its methods may be called from any goroutine.
type paper struct {
	mu    sync.Mutex
	store *store
	epoch string // a paper that has lost its store is another one
	base  entry
	log   []entry
	size  int // of the log
	last  int64
}

// content is what a page lacks.
type content struct {
	Epoch string  `json:"epoch" msgpack:"epoch"`
	Whole bool    `json:"whole" msgpack:"whole"` // with the base; else only what is after the page's number
	Base  entry   `json:"base" msgpack:"base"`
	Log   []entry `json:"log" msgpack:"log"` // never nil
}

// openPaper reads the paper of a folder. lost is how many bytes a crash has torn.
func openPaper(dir string) (p *paper, lost int64, err error) {
	p = &paper{epoch: rand.Text()}
	if p.store, p.base, p.log, lost, err = openStore(dir); err != nil {
		return nil, 0, err
	}
	p.last = p.base.Seq
	for _, e := range p.log {
		p.last, p.size = e.Seq, p.size+len(e.Data)
	}
	return p, lost, nil
}

// add keeps an update and numbers it.
func (p *paper) add(update []byte) (entry, error) {
	if len(update) > maxUpdate {
		return entry{}, switchboard.Errorf("That is too much at once: %d KB; %d KB are possible.", len(update)>>10, maxUpdate>>10)
	}
	text, err := checkUpdate(update)
	if err != nil {
		return entry{}, switchboard.Error("That is no change of a plain text.")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	full := maxLog
	if text == 0 {
		full += maxExcess
	}
	if p.size+len(update) > full {
		return entry{}, switchboard.Error("The document's log is full. It is merged as soon as two pages are here that agree; your text is kept in this page until then.")
	}
	e := entry{p.last + 1, slices.Clone(update)}
	if err := p.store.append(e); err != nil {
		return entry{}, errors.Join(errSave, err)
	}
	p.last, p.size, p.log = e.Seq, p.size+len(update), append(p.log, e)
	return e, nil
}

var errSave = errors.New("the document cannot be saved")

// since is what a page lacks that has everything of an epoch up to a number.
func (p *paper) since(epoch string, seq int64) content {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := content{Epoch: p.epoch, Log: []entry{}}
	if epoch != p.epoch || seq < p.base.Seq || seq > p.last {
		c.Whole, c.Base, seq = true, p.base, p.base.Seq
	}
	for _, e := range p.log {
		if e.Seq > seq {
			c.Log = append(c.Log, e)
		}
	}
	return c
}

// ripe reports whether merging is worth its work, and what: everything after
// from up to last, on top of the base at from.
func (p *paper) ripe() (from, last int64, ripe bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.base.Seq, p.last, len(p.log) >= mergeCount || p.size >= mergeSize
}

// merge replaces base and log up to last by what two pages say it is. One page
// is not believed: unless both say the same, nothing is dropped.
func (p *paper) merge(from, last int64, one, other []byte) error {
	if !bytes.Equal(one, other) {
		return errDisagree
	}
	if _, err := checkUpdate(one); err != nil {
		return err
	}
	if len(one) > maxBase {
		return errLarge
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.base.Seq != from || last <= from || last > p.last {
		return errStale
	}
	base := entry{last, slices.Clone(one)}
	rest := slices.DeleteFunc(slices.Clone(p.log), func(e entry) bool { return e.Seq <= last })
	if err := p.store.replace(base, rest); err != nil {
		return err
	}
	p.base, p.log, p.size = base, rest, 0
	for _, e := range rest {
		p.size += len(e.Data)
	}
	return nil
}

var (
	errDisagree = errors.New("two pages disagree about the document")
	errLarge    = errors.New("the merged document is too large")
	errStale    = errors.New("the document was merged meanwhile")
)

func (p *paper) baseEntry() entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.base
}

func (p *paper) sync() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.store.sync()
}

func (p *paper) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.store.close()
}
