package auction

import "time"

// article is something that is sold again and again.
type article struct{ title, text, icon string }

var catalogue = []article{
	{"Bakelite telephone", "Made in 1936. It still rings, mostly at dinner.", "phone"},
	{"Patch cord, braided silk", "Joined two strangers in 1924. They married.", "cord"},
	{"Operator's headset", "Heard every secret of a town and told none.", "headset"},
	{"Rotary dial no. 10", "Ten holes, one spring, endless patience.", "dial"},
	{"Exchange lamp", "Glows when somebody wants you.", "lamp"},
	{"Brass jack plate", "Twelve jacks, polished by three generations.", "plate"},
	{"Ringing generator", "Turn the handle and a bell far away answers.", "crank"},
	{"Insulator, blue glass", "Held the line through forty winters.", "glass"},
}

// place is one of the desks on which lots come up, one after the other.
type place struct {
	run  time.Duration // from the first bid to the hammer
	late time.Duration // a bid with less left than this puts the hammer off to it
	call int           // up to how much the telephone bidder goes; 0: it does not bid here
}

var places = []place{
	{run: 6 * time.Second, late: 3 * time.Second},
	{run: 30 * time.Second, late: 10 * time.Second, call: 400},
	{run: 60 * time.Second, late: 10 * time.Second},
	{run: 45 * time.Second, late: 10 * time.Second, call: 900},
}
