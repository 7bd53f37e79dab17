package stack

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Metric returns one of the evaluator's metrics, by its whole name with
// labels.
func (e *Evaluator) Metric(name string) (float64, error) {
	_, text, err := e.Get("/metrics")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("%s has no metric %s", e.name, name)
}

// Ready returns the status and the text of the evaluator's readiness check.
func (e *Evaluator) Ready() (status int, text string, err error) { return e.Get("/readyz") }

// Get asks the evaluator over HTTP.
func (e *Evaluator) Get(path string) (status int, text string, err error) {
	res, err := http.Get("http://" + e.listen + path)
	if err != nil {
		return 0, "", fmt.Errorf("asking %s: %w", e.name, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, "", fmt.Errorf("asking %s for %s: %w", e.name, path, err)
	}
	return res.StatusCode, string(body), nil
}

// API returns the address of the evaluator's API with a path behind it.
func (e *Evaluator) API(path string) string { return "http://" + e.api + path }
