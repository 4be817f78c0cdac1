package contract

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// member is a field of a struct, or of one embedded in it, while it is not
// clear yet which of one name counts.
type member struct {
	Field
	index  []int
	tagged bool
	goType reflect.Type
}

// fields are the members of a struct as encoding/json has them: embedded
// structs lend theirs, of one name the shallowest counts, then the only one
// with a tag, else none.
func (ts *Types) fields(t reflect.Type) []Field {
	var all []member
	collect(t, nil, map[reflect.Type]bool{}, &all)
	fields := []Field{}
	for _, m := range all {
		if m.dominates(all) {
			m.Type = ts.Of(m.goType)
			fields = append(fields, m.Field)
		}
	}
	return fields
}

// collect finds all members, in the order of the source.
func collect(t reflect.Type, index []int, above map[reflect.Type]bool, all *[]member) {
	if above[t] {
		return // an embedded pointer to itself adds nothing
	}
	above[t] = true
	defer delete(above, t)
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if !valid(name) {
			name = ""
		}
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		embedded := f.Anonymous && inner.Kind() == reflect.Struct
		if tag == "-" || !f.IsExported() && !embedded {
			continue
		}
		at := append(slices.Clip(index), i)
		if embedded && name == "" {
			collect(inner, at, above, all)
			continue
		}
		*all = append(*all, newMember(f, name, options, at))
	}
}

func newMember(f reflect.StructField, name, options string, index []int) member {
	m := member{index: index, tagged: name != "", goType: f.Type}
	if m.Name = name; name == "" {
		m.Name = f.Name
	}
	for o := range strings.SplitSeq(options, ",") {
		m.Optional = m.Optional || o == "omitempty" || o == "omitzero"
		m.Quoted = m.Quoted || o == "string" && quotable(f.Type)
	}
	return m
}

// quotable are the types that the option string changes.
func quotable(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch k := t.Kind(); {
	case k >= reflect.Bool && k <= reflect.Uintptr, k == reflect.Float32, k == reflect.Float64, k == reflect.String:
		return true
	}
	return false
}

// valid are the names that encoding/json takes from a tag.
func valid(name string) bool {
	for _, c := range name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return false
		}
	}
	return name != ""
}

// dominates reports whether m is the one of its name that counts.
func (m *member) dominates(all []member) bool {
	for i := range all {
		other := &all[i]
		switch {
		case other.Name != m.Name || slices.Equal(other.index, m.index):
		case len(other.index) < len(m.index),
			len(other.index) == len(m.index) && (other.tagged || !m.tagged):
			return false
		}
	}
	return true
}
