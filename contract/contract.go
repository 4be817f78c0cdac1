package contract

// Hub is what one hub offers.
type Hub struct {
	Name string `json:"name"`
	// Methods that clients may call, by name.
	Methods []Method `json:"methods"`
	// Events are the client methods that the hub has declared, by name.
	Events []Method `json:"events"`
	// Types are the structs that the others refer to, by name.
	Types []Struct `json:"types"`
}

// Method is a method of a hub, or of its clients.
type Method struct {
	// Name as it was registered. Hubs compare names without case, some clients exactly.
	Name   string  `json:"name"`
	Params []Param `json:"params"`
	// Result is nil if there is none. For a method that streams it is the type of the items.
	Result *Type `json:"result,omitempty"`
	// Streams says that the result is a stream.
	Streams bool `json:"streams,omitempty"`
	// Authorized says that not every client may call it.
	Authorized bool `json:"authorized,omitempty"`
}

// Param is one parameter, in the order of the call.
type Param struct {
	Type Type `json:"type"`
	// Upload says that the client gives a stream of values of that type.
	Upload bool `json:"upload,omitempty"`
}

// Kind is what a value is on the wire.
type Kind string

const (
	Bool   Kind = "bool"
	Int    Kind = "int"   // whole, of Bits bits
	Uint   Kind = "uint"  // whole and not negative, of Bits bits
	Float  Kind = "float" // of Bits bits
	String Kind = "string"
	Bytes  Kind = "bytes"  // in JSON a string in base64
	Time   Kind = "time"   // in JSON a string as of RFC 3339
	List   Kind = "list"   // of Elem; exactly Len of them unless that is 0
	Map    Kind = "map"    // from Key to Elem; in JSON an object
	Object Kind = "object" // the struct called Name, or one without a name that has Fields
	Any    Kind = "any"    // whatever; or a type that writes itself, called Name
)

// Type is the type of a value.
type Type struct {
	Kind Kind `json:"kind"`
	Bits int  `json:"bits,omitempty"`
	// Nullable says that the value may be null: a pointer, or in Go a nil list, map, []byte or interface.
	Nullable bool    `json:"nullable,omitempty"`
	Name     string  `json:"name,omitempty"`
	Key      *Type   `json:"key,omitempty"`
	Elem     *Type   `json:"elem,omitempty"`
	Len      int     `json:"len,omitempty"`
	Fields   []Field `json:"fields,omitempty"`
}

// Struct is a named object type; it may refer to itself.
type Struct struct {
	Name   string  `json:"name"`
	Fields []Field `json:"fields"`
}

// Field is a member of an object.
type Field struct {
	// Name on the wire, in JSON.
	Name string `json:"name"`
	Type Type   `json:"type"`
	// Optional says that it may be missing when it is sent (omitempty, omitzero).
	Optional bool `json:"optional,omitempty"`
	// Quoted says that a number or bool is written as a string.
	Quoted bool `json:"quoted,omitempty"`
}
