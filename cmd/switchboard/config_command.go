package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func configCommand() *cobra.Command {
	var given config
	c := &cobra.Command{
		Use:   "config",
		Short: "Print the effective configuration and where each value came from",
		Long: `Print the effective configuration: each setting with its value, and whether that
came from a flag, the environment, the configuration file or is the default.
Secrets are masked. The output is itself a configuration file.`,
		Args: cobra.NoArgs,
	}
	c.Flags().AddFlagSet(given.settings())
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		effective, err := load(cmd.Flags(), os.Environ())
		if err != nil {
			return err
		}
		return effective.print(cmd.OutOrStdout())
	}
	return c
}

// print writes the settings as YAML, each with its source in a comment.
func (c *config) print(w io.Writer) error {
	var err error
	c.fs.VisitAll(func(f *pflag.Flag) {
		if f.Name == "config" || err != nil {
			return
		}
		source := c.sources[f.Name]
		if source == "" {
			source = "default"
		}
		_, err = fmt.Fprintf(w, "%-40s # %s\n", f.Name+": "+yamlValue(f), source)
	})
	return err
}

func yamlValue(f *pflag.Flag) string {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		var quoted []string
		for _, s := range list.GetSlice() {
			quoted = append(quoted, strconv.Quote(s))
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	text := f.Value.String()
	switch {
	case secrets[f.Name] && text != "":
		return `"********"`
	case f.Value.Type() == "string":
		return strconv.Quote(text)
	}
	return text
}
