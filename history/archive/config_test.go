package archive

import (
	"strings"
	"testing"
)

func TestDefaultIsValid(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}

func TestEveryMistakeIsToldInOrder(t *testing.T) {
	c := Config{Location: "ftp://x", Layout: "mine", Match: "", Encoding: "xml", Endpoint: "minio:9000"}
	err := c.Validate()
	if err == nil {
		t.Fatal("all of it is valid")
	}
	var names []string
	for _, line := range strings.Split(err.Error(), "\n") {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
	}
	if got := strings.Join(names, " "); got != "location layout match encoding endpoint concurrency attempts read_timeout" {
		t.Errorf("mistakes in %s:\n%v", got, err)
	}
	if _, err := NewLayout(c); err == nil {
		t.Error("a layout of it was made")
	}
}

func TestEncodingOfTheConfig(t *testing.T) {
	for name, want := range map[string]string{
		Auto: "lines/detect", "lines": "lines/detect", "values": "values/detect", "parquet": `parquet/detect/"json"`,
	} {
		c := Default()
		c.Encoding, c.Column = name, "json"
		l, err := NewLayout(c)
		if err != nil {
			t.Fatal(err)
		}
		choice, _ := l.Choose("x")
		if got := choice.Format.String(); got != want {
			t.Errorf("encoding %s: %s, want %s", name, got, want)
		}
	}
}

func TestResolveMovesRelativeFolders(t *testing.T) {
	for location, want := range map[string]string{
		"": "", "logs": "/etc/muster/logs", "../logs": "/etc/logs", "/logs": "/logs", "s3://bucket/x": "s3://bucket/x",
		"file:///logs": "file:///logs",
	} {
		c := Config{Location: location}
		if c.Resolve("/etc/muster"); c.Location != want {
			t.Errorf("%q became %q, want %q", location, c.Location, want)
		}
	}
}
