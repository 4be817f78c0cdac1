package jsonhub

// maxDepth is how deep values may nest; the message object is the first level.
const maxDepth = 64

// scanner walks over JSON text without building anything. Its methods return
// the index behind what they read, or -1 if the text is malformed.
type scanner struct{ text []byte }

func (s scanner) space(i int) int {
	for i < len(s.text) && (s.text[i] == ' ' || s.text[i] == '\n' || s.text[i] == '\t' || s.text[i] == '\r') {
		i++
	}
	return i
}

// at returns the byte at i, 0 behind the end.
func (s scanner) at(i int) byte {
	if i < 0 || i >= len(s.text) {
		return 0
	}
	return s.text[i]
}

// value skips one value that begins at i; depth is that of its container.
func (s scanner) value(i, depth int) int {
	switch c := s.at(i); {
	case c == '"':
		return s.str(i)
	case c == '{':
		return s.object(i, depth+1)
	case c == '[':
		return s.array(i, depth+1)
	case c == '-' || '0' <= c && c <= '9':
		return s.number(i)
	case c == 't':
		return s.literal(i, "true")
	case c == 'f':
		return s.literal(i, "false")
	case c == 'n':
		return s.literal(i, "null")
	}
	return -1
}

func (s scanner) literal(i int, word string) int {
	if len(s.text)-i < len(word) || string(s.text[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// str skips a string; i is at its opening quote.
func (s scanner) str(i int) int {
	for i++; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			return i + 1
		case c < 0x20:
			return -1
		case c == '\\':
			i++
			switch s.at(i) {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if hex4(s.text, i+1) < 0 {
					return -1
				}
				i += 4
			default:
				return -1
			}
		}
	}
	return -1
}

// hex4 reads the four hexadecimal digits at i, -1 if there are none.
func hex4(text []byte, i int) rune {
	if i+4 > len(text) {
		return -1
	}
	var r rune
	for _, c := range text[i : i+4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

func (s scanner) digits(i int) int {
	from := i
	for c := s.at(i); '0' <= c && c <= '9'; c = s.at(i) {
		i++
	}
	if i == from {
		return -1
	}
	return i
}

func (s scanner) number(i int) int {
	if s.at(i) == '-' {
		i++
	}
	if s.at(i) == '0' {
		i++
	} else if i = s.digits(i); i < 0 {
		return -1
	}
	if s.at(i) == '.' {
		if i = s.digits(i + 1); i < 0 {
			return -1
		}
	}
	if c := s.at(i); c == 'e' || c == 'E' {
		i++
		if c := s.at(i); c == '+' || c == '-' {
			i++
		}
		i = s.digits(i)
	}
	return i
}

// object skips an object that begins at i and is itself at this depth.
func (s scanner) object(i, depth int) int {
	return s.members(i, depth, func([]byte, int) int { return 0 })
}

// members walks over an object's members. visit gets a name as it stands
// between the quotes and the index of the value; it returns the index behind
// the value, 0 to have it skipped, or -1 to stop.
func (s scanner) members(i, depth int, visit func(name []byte, value int) int) int {
	if depth > maxDepth {
		return -1
	}
	i = s.space(i + 1)
	if s.at(i) == '}' {
		return i + 1
	}
	for {
		if s.at(i) != '"' {
			return -1
		}
		end := s.str(i)
		if end < 0 {
			return -1
		}
		name := s.text[i+1 : end-1]
		if i = s.space(end); s.at(i) != ':' {
			return -1
		}
		at := s.space(i + 1)
		if i = visit(name, at); i == 0 {
			i = s.value(at, depth)
		}
		if i < 0 {
			return -1
		}
		switch i = s.space(i); s.at(i) {
		case '}':
			return i + 1
		case ',':
			i = s.space(i + 1)
		default:
			return -1
		}
	}
}

// array skips an array that begins at i and is itself at this depth.
func (s scanner) array(i, depth int) int {
	end, trailing := s.elements(i, depth, func([]byte) {})
	if trailing {
		return -1
	}
	return end
}

// elements walks over an array's elements. A comma before the closing bracket
// is no JSON, but told apart, because in a call's arguments it only fails the call.
func (s scanner) elements(i, depth int, visit func(raw []byte)) (end int, trailing bool) {
	if depth > maxDepth {
		return -1, false
	}
	i = s.space(i + 1)
	if s.at(i) == ']' {
		return i + 1, false
	}
	for {
		end := s.value(i, depth)
		if end < 0 {
			return -1, false
		}
		visit(s.text[i:end])
		switch i = s.space(end); s.at(i) {
		case ']':
			return i + 1, false
		case ',':
			if i = s.space(i + 1); s.at(i) == ']' {
				return i + 1, true
			}
		default:
			return -1, false
		}
	}
}
