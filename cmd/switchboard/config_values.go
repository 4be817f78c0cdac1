package main

import (
	"fmt"
	"strconv"
	"strings"
)

// choice is one word of several. It implements pflag.Value.
type choice struct {
	value string
	words []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return "word" }

func (c *choice) Set(text string) error {
	for _, w := range c.words {
		if strings.EqualFold(text, w) {
			c.value = w
			return nil
		}
	}
	return fmt.Errorf("%q is not one of %s", text, strings.Join(c.words, ", "))
}

// toggle is a switch that may be left to the program.
type toggle uint8

const (
	auto toggle = iota
	on
	off
)

func (t *toggle) String() string { return [...]string{"auto", "true", "false"}[*t] }
func (t *toggle) Type() string   { return "switch" }

func (t *toggle) Set(text string) error {
	if strings.EqualFold(text, "auto") {
		*t = auto
		return nil
	}
	v, err := strconv.ParseBool(text)
	if err != nil {
		return fmt.Errorf("%q is not one of auto, true, false", text)
	}
	*t = off
	if v {
		*t = on
	}
	return nil
}
