package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// answered asks a server that sends some events, and returns what was asked and
// what is printed.
func answered(t *testing.T, events string, arguments ...string) (asked map[string]any, out, warned string, code int) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/preview" {
			t.Errorf("%s %s, %v", r.Method, r.URL, err)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = fmt.Fprint(w, events)
	}))
	defer server.Close()
	var text, warnings bytes.Buffer
	code = execute(append([]string{"preview", "--server", server.URL}, arguments...), console{nil, &text, &warnings})
	return asked, text.String(), warnings.String(), code
}

const (
	begunEvent    = "event: begin\ndata: {\"held\":2000,\"profiles\":4000,\"age_ms\":3,\"lacks\":[{\"segment\":\"preview\",\"held\":true,\"complete_since\":null}]}\n\n"
	estimateData  = `{"seen":256,"held":2000,"profiles":4000,"segments":[{"segment":"preview","found":64,"estimate":1000,"low":800,"high":1200,"examples":["u1"],"share":0.25,"share_low":0.2,"share_high":0.3}],"done":false}`
	endData       = `{"seen":2000,"held":2000,"profiles":4000,"segments":[{"segment":"preview","found":500,"estimate":1000,"low":950,"high":1050,"examples":["u1","u2"],"share":0.25,"share_low":0.24,"share_high":0.26}],"done":true}`
	estimateEvent = ": still here\n\nevent: estimate\ndata: " + estimateData + "\n\n"
	endEvent      = "event: end\ndata: " + endData + "\n\n"
)

func TestAServersAnswersAreToldAsOnesOwn(t *testing.T) {
	asked, out, warned, code := answered(t, begunEvent+estimateEvent+endEvent, "--rule", "true", "--overlap")
	want := "4000 profiles, of which a random sample of 2000 is held, 1 in 2.0: more do not fit snapshot.memory\n" +
		" 256 of 2000: about 1000 (800 to 1200), 25.0 % (20.0 to 30.0)\n2000 of 2000: about 1000 (950 to 1050), 25.0 % (24.0 to 26.0)\nsuch as u1, u2\n"
	if code != exitOK || out != want || !strings.HasPrefix(warned, "warning: preview: since when a condition of held(...)") || asked["rule"] != "true" || asked["overlap"] != true {
		t.Errorf("exit %d, %s\n%s\nasked %v", code, warned, out, asked)
	}
	_, out, _, code = answered(t, begunEvent+estimateEvent+endEvent, "--rule", "true", "--json")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	const lacks = `,"lacks":[{"segment":"preview","not_tracked":false,"held":true,"complete_since":null}]}`
	if code != exitOK || len(lines) != 2 || lines[0] != strings.TrimSuffix(estimateData, "}")+lacks || lines[1] != strings.TrimSuffix(endData, "}")+lacks {
		t.Errorf("exit %d, %s", code, out)
	}
}

func TestADraftIsSentAsOneFile(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"a.yaml": "segments:\n  - {id: a, rule: 'true'}\n", "b.yaml": "segments:\n  - id: b\n    rule: segment(\"a\")\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	asked, _, warned, code := answered(t, begunEvent+strings.ReplaceAll(endEvent, `"share":`, `"entering":{},"leaving":{},"share":`), "-f", folder, "--against-live")
	text, _ := asked["segments"].(string)
	if code != exitOK || asked["against_live"] != true || !strings.Contains(text, "id: a") || !strings.Contains(text, "id: b") {
		t.Errorf("exit %d, %s: asked %v", code, warned, asked)
	}
}

func TestWhatTheServerCantAnswerIsAFailure(t *testing.T) {
	for events, want := range map[string]string{
		begunEvent + estimateEvent: "unexpected EOF",
		begunEvent + "event: failed\ndata: {\"detail\":\"It is away.\",\"remedy\":\"Ask again.\",\"request\":\"r1\"}\n\n": "It is away. Ask again. (request r1)",
		"event: begin\ndata: x\n\n": "reading what insights has sent",
	} {
		if _, _, warned, code := answered(t, events, "--rule", "true"); code != exitFailure || !strings.Contains(warned, want) {
			t.Errorf("exit %d, %s; want %s", code, warned, want)
		}
	}
	for _, arguments := range [][]string{{"-c", "x"}, {"-f", "x"}} {
		if _, _, warned, code := answered(t, "", append(arguments, "--rule", "true")...); code != exitUnusable {
			t.Errorf("%v: exit %d, %s", arguments, code, warned)
		}
	}
}
