package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"muster/lookup"
	"muster/rules"
	"muster/segments"
)

// namesWithin is how long a shell waits for names, at most: a person waits, too.
const namesWithin = time.Second

// What names are asked for, as flags and arguments call them.
const (
	segmentNames     = "segment"
	destinationNames = "destination"
)

// namesOf returns the names of a kind that the other words of a command line
// lead to: its files, its configuration or its server. Whatever fails gives no
// names, as a shell has no place to say why.
func namesOf(kind string, words []string) (names []string) {
	config, files, address := given(words, "--config", "-c"), given(words, "--segments", "-f"), given(words, "--server", "")
	switch {
	case kind == segmentNames && files != "":
		return segmentsIn(files)
	case address != "":
		return namesAt(address, kind)
	case config == "":
		return nil
	}
	cfg, err := readConfig(config)
	switch {
	case err != nil:
	case kind == segmentNames && cfg.Segments.From == segments.FromFiles:
		return segmentsIn(cfg.Segments.Path)
	case kind == destinationNames && cfg.Destinations.Path != "":
		return destinationsIn(cfg.Destinations.Path)
	}
	return nil
}

// segmentsIn returns the ids in segment files, also where rules have mistakes.
func segmentsIn(path string) (ids []string) {
	sources, err := readSegments(path)
	if err != nil {
		return nil
	}
	for _, source := range sources {
		list, _ := rules.Read(source)
		for i := range list {
			ids = append(ids, list[i].ID)
		}
	}
	return ids
}

// destinationsIn returns the names in files of destinations.
func destinationsIn(path string) (names []string) {
	list, err := readDestinations(path, nil)
	if err != nil {
		return nil
	}
	for i := range list {
		names = append(names, list[i].Name)
	}
	return names
}

// namesAt asks an API for names.
func namesAt(address, kind string) (names []string) {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" {
		return nil
	}
	ctx, enough := context.WithTimeout(context.Background(), namesWithin)
	defer enough()
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	defer transport.CloseIdleConnections()
	s := &server{base, &http.Client{Transport: transport}}
	var got struct {
		Segments     []lookup.Segment
		Destinations []lookup.Destination
	}
	if s.get(ctx, &got, nil, kind+"s") != nil {
		return nil
	}
	for i := range got.Segments {
		names = append(names, got.Segments[i].ID)
	}
	for i := range got.Destinations {
		names = append(names, got.Destinations[i].Name)
	}
	return names
}

// given returns the value that words give a flag, "" for none.
func given(words []string, long, short string) string {
	for i, word := range words {
		if value, ok := strings.CutPrefix(word, long+"="); ok {
			return value
		}
		if i+1 < len(words) && word != "" && (word == long || word == short) {
			return words[i+1]
		}
	}
	return ""
}

// rejoined puts words together again that bash has cut at equals signs and
// colons, as in --server=http://localhost:8090.
func rejoined(words []string) (whole []string) {
	for _, word := range words {
		last := len(whole) - 1
		if last >= 0 && word != "" && (strings.Contains("=:", word[:1]) || strings.HasSuffix(whole[last], ":") || strings.HasSuffix(whole[last], "=")) {
			whole[last] += word
			continue
		}
		whole = append(whole, word)
	}
	return whole
}
