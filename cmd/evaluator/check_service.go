package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"muster/rules"
)

const (
	// vocabularyPath is where a service tells what its events bring.
	vocabularyPath = "/vocabulary"
	// askPatience bounds how long a service is waited for, and
	// vocabularyBytes how much it may say: its own bound is a tenth of it.
	askPatience     = 10 * time.Second
	vocabularyBytes = 256 << 20
)

// isService reports whether a sample is the address of a running service.
func isService(name string) bool {
	return strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://")
}

// ask has a running service tell its vocabulary.
func (s *sampled) ask() (*rules.Vocabulary, error) {
	address, err := url.Parse(s.Name)
	if err != nil || address.Host == "" {
		return nil, unusable(fmt.Errorf("%s is no address of a service: write http://host:port, as in http.listen", s.Name))
	}
	if address.Path == "" || address.Path == "/" {
		address.Path = vocabularyPath
	}
	client := &http.Client{Timeout: askPatience}
	answer, err := client.Get(address.String())
	if err != nil {
		return nil, fmt.Errorf("asking the service for its vocabulary: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, unusable(fmt.Errorf("%s answers %s: is it http.listen of an evaluator that runs?", address, answer.Status))
	}
	vocabulary := rules.NewVocabulary(0)
	if err := json.NewDecoder(io.LimitReader(answer.Body, vocabularyBytes)).Decode(vocabulary); err != nil {
		return nil, unusable(fmt.Errorf("what %s answers is no vocabulary: is it http.listen of an evaluator that runs? %w", address, err))
	}
	return vocabulary, s.tell(vocabulary)
}
