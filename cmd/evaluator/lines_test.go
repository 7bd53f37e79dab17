package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestLinesAreBounded(t *testing.T) {
	const limit = 10
	huge := strings.Repeat("x", 5<<20)
	text := "a\n\r\n0123456789\r\n0123456789a\n" + huge + "\r\nlast\r"
	lines, err := openLines("-", strings.NewReader(text), limit)
	if err != nil {
		t.Fatal(err)
	}
	defer lines.close()
	var got []string
	for {
		line, size, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s/%d", line, size))
	}
	want := fmt.Sprintf("a/1 /0 0123456789/10 0123456789/11 xxxxxxxxxx/%d last/4", len(huge)+1)
	if strings.Join(got, " ") != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
	if cap(lines.line) > 64 {
		t.Errorf("%d bytes are kept of a line bounded at %d", cap(lines.line), limit)
	}
}

func TestLinesOfDamagedFile(t *testing.T) {
	_, err := openLines("-", strings.NewReader("\x1f\x8bnot gzip"), 100)
	var input unusableError
	if !errors.As(err, &input) {
		t.Errorf("a damaged gzip header gives %v", err)
	}
	lines, err := openLines("-", strings.NewReader("\x28\xb5\x2f\xfdnot zstd"), 100)
	if err == nil {
		_, _, err = lines.next()
	}
	if err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a damaged zstd frame gives %v", err)
	}
}

// A line that is too long is a dead letter like any other.
func TestReplayOfHugeLine(t *testing.T) {
	path := writeSegments(t, map[string]string{"seen": "profile.first_seen != nil"})
	huge := `{"type":"page","userId":"` + strings.Repeat("u", 3<<20) + "\"}\n"
	good := `{"type":"page","userId":"u","timestamp":"2026-11-01T10:00:00Z"}`
	var out, errs strings.Builder
	code := execute([]string{"replay", "--segments", path}, console{strings.NewReader(huge + good), &out, &errs})
	if code != exitOK || !strings.Contains(errs.String(), "2 lines, 1 events applied, 0 repeats, 1 dead letters") {
		t.Errorf("exit code %d, %s", code, &errs)
	}
}

// What was found before the output broke is not lost in silence.
func TestReplayTellsOfBrokenOutput(t *testing.T) {
	path := writeSegments(t, map[string]string{"seen": "profile.first_seen != nil"})
	var errs strings.Builder
	in := strings.NewReader(`{"type":"page","userId":"u","timestamp":"2026-11-01T10:00:00Z"}`)
	code := execute([]string{"replay", "--segments", path}, console{in, brokenPipe{}, &errs})
	if code != exitFailure || !strings.Contains(errs.String(), "writing output: broken pipe") {
		t.Errorf("exit code %d, %s", code, &errs)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
