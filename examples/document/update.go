package document

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"
)

// An update is Yjs' first encoding (yjs, src/utils/encoding.js): for each author
// the structs they wrote, then what was deleted. The server merges nothing, but it
// lets nothing pass that is no plain text of this document: what a page cannot
// read would stay in the log and break every page that comes later.

const (
	root    = "text"  // the name of the document's only type
	maxSafe = 1 << 53 // JavaScript's whole numbers end here
	maxTime = 1 << 31 // of an author's clock

	structGC, structDeleted, structString, structSkip = 0, 1, 4, 10

	hasOrigin, hasRightOrigin, hasParentSub, kindMask = 0x80, 0x40, 0x20, 0x1f
)

var errUpdate = errors.New("no update of a plain text")

// checkUpdate reports an update that is not one of plain text, and how many
// bytes of text it adds.
func checkUpdate(p []byte) (text int, err error) {
	r := &reader{rest: p}
	for range r.count() {
		r.structs()
	}
	for range r.count() {
		r.number(maxSafe) // the author
		for range r.count() {
			r.span()
		}
	}
	if len(r.rest) > 0 {
		r.fail()
	}
	return r.text, r.err
}

// reader reads an update until its first error; then everything is 0.
type reader struct {
	rest []byte
	err  error
	text int
}

func (r *reader) fail() uint64 {
	r.err, r.rest = errUpdate, nil
	return 0
}

// number reads one below most.
func (r *reader) number(most uint64) uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v >= most {
		return r.fail()
	}
	r.rest = r.rest[n:]
	return v
}

// count is a number of parts of a byte or more each.
func (r *reader) count() uint64 {
	n := r.number(maxSafe)
	if n > uint64(len(r.rest)) {
		return r.fail()
	}
	return n
}

// length is a number of characters: none is not one.
func (r *reader) length() {
	if r.number(maxTime) == 0 {
		r.fail()
	}
}

func (r *reader) id() {
	r.number(maxSafe)
	r.number(maxTime)
}

// span is a clock and a length.
func (r *reader) span() {
	r.number(maxTime)
	r.length()
}

func (r *reader) string() string {
	n := r.count()
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	if !utf8.ValidString(s) {
		r.fail()
	}
	return s
}

// structs reads what one author wrote.
func (r *reader) structs() {
	n := r.count()
	r.id() // the author, and the clock of the first
	for range n {
		if r.err != nil {
			return
		}
		r.one()
	}
}

func (r *reader) one() {
	if len(r.rest) == 0 {
		r.fail()
		return
	}
	info := r.rest[0]
	r.rest = r.rest[1:]
	switch info {
	case structGC, structSkip:
		r.length()
		return
	}
	r.place(info)
	switch info & kindMask {
	case structDeleted:
		r.length()
	case structString:
		s := r.string()
		if s == "" {
			r.fail()
		}
		r.text += len(s)
	default: // a format, a picture, another type
		r.fail()
	}
}

// place reads between which characters an item stands. Without neighbours it
// names its parent, which is the text.
func (r *reader) place(info byte) {
	if info&hasParentSub != 0 {
		r.fail()
	}
	if info&hasOrigin != 0 {
		r.id()
	}
	if info&hasRightOrigin != 0 {
		r.id()
	}
	if info&(hasOrigin|hasRightOrigin) != 0 {
		return
	}
	if r.number(2) != 1 || r.string() != root {
		r.fail()
	}
}
