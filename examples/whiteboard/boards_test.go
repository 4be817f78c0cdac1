package whiteboard

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestBoardsAreBoundedAndTheLongestEmptyOneGoesFirst(t *testing.T) {
	r := rooms{all: map[string]*room{}, tell: func(*room) {}}
	defer func() { _ = r.shutdown(t.Context()) }()
	enter := func(line, where string, at int) error {
		_, _, err := r.enter(line, secret("x"), "Ada", where, noon.Add(time.Duration(at)*time.Second))
		return err
	}
	for i := range maxBoards {
		if err := enter(fmt.Sprint(i), fmt.Sprint("board ", i), i); err != nil {
			t.Fatal(err)
		}
	}
	if err := enter("more", "one more", 100); err == nil || !strings.Contains(err.Error(), "There are 30 boards") {
		t.Error(err)
	}
	r.all["board 7"].leave("7", noon.Add(200*time.Second))
	r.all["board 9"].leave("9", noon.Add(100*time.Second))
	if err := enter("more", "one more", 300); err != nil || r.all["board 9"] != nil || r.all["board 7"] == nil {
		t.Errorf("%v; boards 7 and 9: %v, %v", err, r.all["board 7"], r.all["board 9"])
	}
	if err := enter("odd", "a\nb", 1); err == nil {
		t.Error("a board may have any name")
	}
}
