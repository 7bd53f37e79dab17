package tracking

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestDocs runs the commands of docs/ingestion.md and compares the answers with
// those that the page shows.
func TestDocs(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("curl is not on the PATH, and CI demands it for the examples in docs/ingestion.md: install it")
		}
		t.Skip("curl is not on the PATH: install it to run the examples in docs/ingestion.md")
	}
	page, err := os.ReadFile("../../docs/ingestion.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)\n```sh\n(.*?)\n```\n\n```json\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(examples) != 2 {
		t.Fatalf("the page has %d examples", len(examples))
	}
	log := &memory{}
	server := httptest.NewServer(started(t, Default(), log))
	defer server.Close()
	for _, example := range examples {
		cmd := exec.Command("sh", "-c", example[1])
		cmd.Env = append(os.Environ(), "MUSTER="+server.URL, "WRITE_KEY="+goodKey)
		out, err := cmd.Output()
		if err != nil || string(out) != example[2] {
			t.Errorf("%s\nanswers %s (%v), and the page says %s", example[1], out, err, example[2])
		}
	}
	if len(log.events) != 4 {
		t.Errorf("the log has %d events", len(log.events))
	}
	for _, path := range Patterns() {
		if strings.HasPrefix(path, "/v1/") && !strings.Contains(string(page), "`"+path+"`") {
			t.Errorf("the page has no path %s", path)
		}
	}
}
