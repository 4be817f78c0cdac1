package switchboard_test

import (
	"testing"
	"time"

	"github.com/switchboard-rt/switchboard"
)

// TestUnfitItemsAreCounted: the client counts whatever it sends, so an item
// that does not fit its stream, or belongs to none, has a number, too.
func TestUnfitItemsAreCounted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := streamHub(switchboard.Options{}, newDiary())
		c := dialCounted(t, h, hello2)
		c.say(`{"type":6}`, `{"type":1,"invocationId":"1","target":"Sum","arguments":[],"streamIds":["u"]}`,
			item("u", `"no number"`), item("u", "1"), item("nobody", "1"), done("u"))
		c.take()
		c.tick(2 * time.Second)
		c.want(`{"type":8,"sequenceId":5}`)
		c.hangUp(nil)
	})
}
