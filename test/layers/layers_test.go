package layers

import (
	"slices"
	"strings"
	"testing"
)

// order lists the layers from the outside in. A package may import those of
// layers further in, and its own sub-packages, but not its neighbours.
var order = [][]string{
	{"cmd/evaluator"},
	{"reshard"},
	{"service"},
	{"config"},
	{"api"},
	{"api/access"},
	{"demo", "observe"},
	{"configs"},
	{"insights"},
	{"lookup", "snapshot"},
	{"segments", "history/temporal"},
	{"activation", "history", "stream", "sink"},
	{"credentials", "folder"},
	{"history/archive"},
	{"pipeline"},
	{"cube"},
	{"rules"},
	{"rules/internal/engine"},
	{"rules/internal/language"},
	{"catalogue", "profile"},
	{"event"},
	{"directive", "hyperloglog", "spelling", "yamltree"},
}

// tooling is for developing and testing Muster; nothing that is shipped may
// import it. storetest is the acceptance suite of a Store.
var tooling = []string{"test", "bench", "pipeline/storetest"}

// core must stay free of clocks of its own, I/O, logs and metrics.
var core = []string{"hyperloglog", "spelling", "yamltree", "directive", "event", "catalogue", "profile", "rules", "cube", "pipeline"}

// outside is what the core must not import, with everything below it.
var outside = []string{
	"os", "net", "log", "database", "io/ioutil",
	"go.uber.org/zap", "github.com/prometheus", "github.com/segmentio/kafka-go",
	"github.com/twmb/franz-go", "github.com/redis", "github.com/alicebob",
}

// embedded is the fake broker, the fake Redis and the fake S3.
var embedded = []string{
	"github.com/twmb/franz-go/pkg/kfake", "github.com/alicebob/miniredis", "github.com/johannesboyne/gofakes3",
}

// layer returns a folder's place in the order, that of the package it belongs
// to.
func layer(folder string) (int, bool) {
	own := family(folder)
	for i, packages := range order {
		if slices.Contains(packages, own) {
			return i, true
		}
	}
	return 0, false
}

// family is the listed package that a folder belongs to: the longest, as one
// that is listed may lie within another.
func family(folder string) string {
	longest := ""
	for _, packages := range order {
		for _, p := range packages {
			if within(folder, p) && len(p) > len(longest) {
				longest = p
			}
		}
	}
	return longest
}

// TestEveryPackageHasALayer keeps the list above complete.
func TestEveryPackageHasALayer(t *testing.T) {
	for _, s := range sources(t) {
		if _, ok := layer(s.home); !ok && !within(s.home, tooling...) {
			t.Errorf("%s: package %s has no layer: put it into order or tooling", s.file, s.home)
		}
	}
}

// TestImportsPointInwards also holds tests to it that are part of the
// package. Tests from outside it, package x_test, may use what stands on the
// package, as any other user.
func TestImportsPointInwards(t *testing.T) {
	for _, s := range sources(t) {
		from, ok := layer(s.home)
		if !ok || s.external || within(s.home, tooling...) {
			continue
		}
		for _, imported := range s.imports {
			folder, ok := own(imported)
			if !ok || within(folder, tooling...) {
				continue
			}
			to, ok := layer(folder)
			if !ok || to < from || to == from && family(folder) != family(s.home) {
				t.Errorf("%s: %s must not import %s: imports point inwards", s.file, s.home, folder)
			}
		}
	}
}

// TestActivationStandsBesideTheService: what is sent and what waits is no part
// of the engine's commit, so activation knows neither the engine nor its edges.
// The order alone would let it import pipeline.
func TestActivationStandsBesideTheService(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || !within(s.home, "activation") {
			continue
		}
		for _, imported := range s.imports {
			if folder, ok := own(imported); ok && within(folder, "pipeline", "stream", "sink") {
				t.Errorf("%s: activation must not import %s", s.file, folder)
			}
		}
	}
}

func TestToolingIsNotShipped(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || within(s.home, tooling...) {
			continue
		}
		for _, imported := range s.imports {
			if folder, ok := own(imported); ok && within(folder, tooling...) {
				t.Errorf("%s: only tests may import %s", s.file, folder)
			}
			if imported == "testing" {
				t.Errorf("%s: only tests may import testing", s.file)
			}
		}
	}
}

func TestCoreIsPure(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || !within(s.home, core...) {
			continue
		}
		for _, imported := range s.imports {
			if within(imported, outside...) {
				t.Errorf("%s: the core does no I/O, so %s must not import %s", s.file, s.home, imported)
			}
		}
	}
}

// TestEmbeddedServersStayInDemoAndTests: production code must not depend on
// a fake.
func TestEmbeddedServersStayInDemoAndTests(t *testing.T) {
	for _, s := range sources(t) {
		demo := within(s.home, "demo") || s.home == "cmd/evaluator" && strings.HasPrefix(s.file, "cmd/evaluator/demo")
		if s.test || demo || within(s.home, tooling...) {
			continue
		}
		for _, imported := range s.imports {
			if within(imported, embedded...) {
				t.Errorf("%s: only the demo and tests may import %s", s.file, imported)
			}
		}
	}
}
