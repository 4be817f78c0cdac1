package switchboard_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"strings"
	"testing"
)

const module = "github.com/switchboard-rt/switchboard"

// floors is the order of knowledge: a package imports from lower floors only.
// docs/architecture.md, section 3.
var floors = map[string]int{
	"transport":           0,
	"hubproto":            0,
	"contract":            0,
	"internal/wsframe":    0,
	"internal/origin":     0,
	"internal/forwarded":  0,
	"internal/proxyproto": 0,
	"internal/testio":     0,
	"hubproto/codectest":  1,
	"hubproto/jsonhub":    1,
	"hubproto/msgpackhub": 1,
	"internal/wsconn":     1,
	"internal/wire":       1,
	"internal/bind":       1,
	"internal/registry":   1,
	"websocket":           2,
	"":                    2, // the root
	"endpoint":            3,
	"auth":                4, // knows endpoint's errors and where requests carry tokens
	"limit":               4, // plugs into hubs and endpoints
	"observe":             4, // reads them
	"examples/demo":       4,
	"web":                 4,
	"examples/*":          5,
	"internal/proof":      5,
	"interop/server":      5,
	"interop/soak":        5,
	"interop/transcript":  5,
	"cmd/switchboard":     6,
}

// floorOf knows the demos by their folder.
func floorOf(name string) (floor int, known bool) {
	if floor, known = floors[name]; !known && path.Dir(name) == "examples" {
		floor, known = floors["examples/*"]
	}
	return floor, known
}

// forbidden says what a package must never import, directly or not, and why.
var forbidden = []struct{ pkg, dep, why string }{
	{"", "net/http", "a hub knows no HTTP: that is endpoint's"},
	{"", module + "/internal/wire", "a hub sees its connections as transport.Link only"},
	{"", "github.com/spf13/cobra", "users of the library must not build a command line"},
	{"", "github.com/tinylib/msgp/msgp", "users of JSON must not build MessagePack"},
	{"endpoint", module, "endpoint knows a hub only as something with Open"},
	{"endpoint", module + "/hubproto", "endpoint carries bytes and knows no hub protocol"},
	{"endpoint", "github.com/lestrrat-go/jwx/v3/jwt", "users without tokens must not build a token library"},
	{"endpoint", "github.com/prometheus/client_golang/prometheus", "users without metrics must not build Prometheus"},
	{"", "github.com/prometheus/client_golang/prometheus", "users without metrics must not build Prometheus"},
	{"", "go.opentelemetry.io/otel/trace", "users without traces must not build OpenTelemetry"},
	{"endpoint", "go.opentelemetry.io/otel/trace", "users without traces must not build OpenTelemetry"},
	{"", "golang.org/x/time/rate", "users without limits must not build them"},
	{"observe", "go.opentelemetry.io/otel/sdk/trace", "which SDK is the program's choice"},
	{"observe", module + "/limit", "metrics know what has limits by interface only"},
	{"auth", module, "tokens know users, not hubs"},
	{"endpoint", "github.com/spf13/cobra", "users of the library must not build a command line"},
	{"hubproto/jsonhub", "net/http", "codecs never see transports"},
	{"internal/wire", module + "/internal/wsconn", "the engine knows framings by interface only"},
	{"internal/wire", "net/http", "the engine knows sockets, not requests"},
	{"transport", "net/http", "contracts are for every transport"},
	{"contract", "net/http", "a description is data"},
	{"websocket", module, "raw lines need no hub"},
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func listPackages(t *testing.T) map[string]goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := map[string]goPackage{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[short(p.ImportPath)] = p
	}
}

func short(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}

func TestFloors(t *testing.T) {
	packages := listPackages(t)
	for name := range floors {
		if _, there := packages[name]; !there && name != "examples/*" {
			t.Errorf("there is no package %q: take it off its floor", name)
		}
	}
	for name, p := range packages {
		floor, known := floorOf(name)
		if !known {
			t.Errorf("package %q stands on no floor: add it to floors_test.go and docs/architecture.md", name)
			continue
		}
		for _, imp := range p.Imports {
			if imp != module && !strings.HasPrefix(imp, module+"/") {
				continue
			}
			if below, ok := floorOf(short(imp)); ok && below >= floor {
				t.Errorf("%q (floor %d) imports %q (floor %d): a package imports from lower floors only", name, floor, short(imp), below)
			}
		}
	}
}

func TestForbiddenDependencies(t *testing.T) {
	packages := listPackages(t)
	for _, f := range forbidden {
		for _, dep := range packages[f.pkg].Deps {
			if dep == f.dep {
				t.Errorf("%q depends on %q: %s (go list -deps shows the way)", f.pkg, f.dep, f.why)
			}
		}
	}
}
