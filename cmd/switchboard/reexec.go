package main

import "strings"

// godebug is the value of a key in GODEBUG; the last one counts.
func godebug(list, key string) (value string) {
	for pair := range strings.SplitSeq(list, ",") {
		if k, v, ok := strings.Cut(pair, "="); ok && k == key {
			value = v
		}
	}
	return value
}
