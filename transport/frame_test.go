package transport

import "testing"

// TestFreeForgetsTheDeflatedForm: the next receiver must not get the last one's bytes.
func TestFreeForgetsTheDeflatedForm(t *testing.T) {
	reused := 0
	f := &Frame{Payload: []byte("one")}
	f.Reuse = func() { reused++ }
	deflate := func(p []byte) []byte { return append([]byte("small "), p...) }
	if got := string(f.Deflated(deflate)); got != "small one" {
		t.Errorf("deflated: %q", got)
	}
	f.Free()
	f.Payload = []byte("two")
	if got := string(f.Deflated(deflate)); got != "small two" || reused != 1 {
		t.Errorf("deflated after Free, which was told %d times: %q", reused, got)
	}
	(&Frame{}).Free() // nobody wants it back
}
