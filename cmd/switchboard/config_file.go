package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/spf13/pflag"
)

const maxConfigFile = 1 << 20

// readFile takes the settings of the configuration file. What is not known, or
// given twice, or no value for its setting is refused with its line.
func (c *config) readFile(fs *pflag.FlagSet) error {
	f, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("the configuration file cannot be read: %w", err)
	}
	defer f.Close()
	p, err := io.ReadAll(io.LimitReader(f, maxConfigFile+1))
	if err != nil {
		return fmt.Errorf("the configuration file cannot be read: %w", err)
	}
	if len(p) > maxConfigFile {
		return fmt.Errorf("%s: the configuration file is larger than 1 MiB", c.File)
	}
	return c.parseFile(fs, p)
}

func (c *config) parseFile(fs *pflag.FlagSet, p []byte) error {
	file, err := parser.ParseBytes(p, 0)
	if err != nil {
		return fmt.Errorf("%s is no YAML: %w", c.File, yamlError(err))
	}
	var errs []error
	for _, doc := range file.Docs {
		switch body := doc.Body.(type) {
		case nil, *ast.NullNode, *ast.CommentGroupNode: // an empty file
		case *ast.MappingNode:
			for _, pair := range body.Values {
				errs = append(errs, c.setPair(fs, pair))
			}
		case *ast.MappingValueNode:
			errs = append(errs, c.setPair(fs, body))
		default:
			errs = append(errs, c.at(doc.Body, "lines of the form \"name: value\" are expected"))
		}
	}
	return errors.Join(errs...)
}

// placed is an error of the parser's.
type placed interface {
	error
	GetToken() *token.Token
	GetMessage() string
}

// yamlError is the parser's error without its copy of the file's lines, which
// may hold a secret.
func yamlError(err error) error {
	p, ok := errors.AsType[placed](err)
	switch {
	case !ok:
		return errors.New("it cannot be parsed")
	case p.GetToken() == nil || p.GetToken().Position == nil:
		return errors.New(p.GetMessage())
	}
	return fmt.Errorf("line %d: %s", p.GetToken().Position.Line, p.GetMessage())
}

// at is an error at a line of the file.
func (c *config) at(n ast.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", c.File, n.GetToken().Position.Line, fmt.Sprintf(format, args...))
}

// setPair takes one line of the file.
func (c *config) setPair(fs *pflag.FlagSet, pair *ast.MappingValueNode) error {
	name := pair.Key.GetToken().Value
	f := fs.Lookup(name)
	if f == nil || name == "config" {
		return c.at(pair.Key, "there is no setting %q ('switchboard config' lists them)", name)
	}
	source := fmt.Sprintf("file %s:%d", c.File, pair.Key.GetToken().Position.Line)
	if c.sources[name] != "" {
		return c.at(pair.Key, "%s is set twice", name)
	}
	c.sources[name] = source
	if list, ok := f.Value.(pflag.SliceValue); ok {
		values, err := c.list(pair.Value)
		if err != nil {
			return err
		}
		return list.Replace(values) // lists of texts take any
	}
	text, ok := scalar(pair.Value)
	if !ok {
		return c.at(pair.Value, "%s takes one value", name)
	}
	if err := set(f, text); err != nil {
		return c.at(pair.Value, "%s: %v", name, err)
	}
	return nil
}

// list reads a sequence, or one value.
func (c *config) list(n ast.Node) ([]string, error) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		text, ok := scalar(n)
		if !ok {
			return nil, c.at(n, "a list of values is expected")
		}
		return splitList(text), nil
	}
	values := []string{}
	for _, v := range seq.Values {
		text, ok := scalar(v)
		if !ok {
			return nil, c.at(v, "a list of values is expected")
		}
		values = append(values, text)
	}
	return values, nil
}

// scalar is the text of a value; anchors, tags and nested mappings are none.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.NullNode:
		return "", true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}
