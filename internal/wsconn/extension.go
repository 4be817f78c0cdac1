package wsconn

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// extension is one offer or answer of Sec-WebSocket-Extensions (RFC 6455, 9.1).
type extension struct {
	name   string
	params [][2]string // name and value, "" for none
}

func parseExtensions(h http.Header) []extension {
	var all []extension
	for _, line := range h.Values("Sec-WebSocket-Extensions") {
		for offer := range strings.SplitSeq(line, ",") {
			parts := strings.Split(offer, ";")
			e := extension{name: strings.ToLower(strings.TrimSpace(parts[0]))}
			for _, p := range parts[1:] {
				k, v, given := strings.Cut(p, "=")
				k, v = strings.ToLower(strings.TrimSpace(k)), strings.Trim(strings.TrimSpace(v), `"`)
				if given && v == "" {
					k = "" // "name=" is not "name": no parameter has this name
				}
				e.params = append(e.params, [2]string{k, v})
			}
			all = append(all, e)
		}
	}
	return all
}

// acceptDeflate answers the first offer of permessage-deflate that can be
// accepted (RFC 7692, 7.1). Both directions are answered without context
// takeover: a server may ask for that unasked (7.1.1.2), and take it on itself (7.1.1.1).
func acceptDeflate(h http.Header, ours *Deflate) (*Deflate, string) {
	for _, offer := range parseExtensions(h) {
		if offer.name != "permessage-deflate" {
			continue
		}
		agreed := *ours
		answer := "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
		bits, err := offer.windowBits()
		if err != nil {
			continue
		}
		if bits > 0 {
			answer += "; server_max_window_bits=" + strconv.Itoa(bits)
			agreed.PlainOut = bits < 15
		}
		return &agreed, answer
	}
	return nil, ""
}

var errOffer = errors.New("an offer that RFC 7692 does not allow")

// windowBits checks an offer's parameters and returns server_max_window_bits, 0 if not given.
func (e extension) windowBits() (bits int, err error) {
	seen := map[string]bool{}
	for _, p := range e.params {
		name, value := p[0], p[1]
		if seen[name] {
			return 0, errOffer
		}
		seen[name] = true
		switch name {
		case "server_no_context_takeover", "client_no_context_takeover":
			if value != "" {
				return 0, errOffer
			}
		case "server_max_window_bits", "client_max_window_bits":
			n, ok := parseBits(value)
			if !ok && (value != "" || name == "server_max_window_bits") {
				return 0, errOffer
			}
			if name == "server_max_window_bits" {
				bits = n
			}
		default:
			return 0, errOffer
		}
	}
	return bits, nil
}

// parseBits reads 8 to 15, without leading zero (RFC 7692, 7.1.2).
func parseBits(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 8 && n <= 15 && s[0] != '0' && s[0] != '+'
}

// DeflateOffer is what a client offers.
const DeflateOffer = "permessage-deflate; client_no_context_takeover; server_no_context_takeover"

// CheckAnswer judges a server's answer to a client's offer (nil: none was
// made) and returns what was agreed on.
func CheckAnswer(h http.Header, offered *Deflate) (*Deflate, error) {
	answers := parseExtensions(h)
	if len(answers) == 0 {
		return nil, nil
	}
	a := answers[0]
	if offered == nil || len(answers) > 1 || a.name != "permessage-deflate" {
		return nil, errors.New("the server answered with an extension that was not offered")
	}
	if _, err := a.windowBits(); err != nil {
		return nil, errors.New("the server's answer to permessage-deflate is invalid")
	}
	keepsWindow := true
	for _, p := range a.params {
		switch p[0] {
		case "server_no_context_takeover":
			keepsWindow = false
		case "client_max_window_bits":
			return nil, errors.New("the server asked for a window that was not offered")
		}
	}
	if keepsWindow {
		return nil, errors.New("the server did not agree to compress without context takeover")
	}
	agreed := *offered
	return &agreed, nil
}
