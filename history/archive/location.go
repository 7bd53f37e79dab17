package archive

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// location is where an archive is, taken apart.
type location struct {
	bucket string // of S3; "" for a folder
	folder string
	prefix string // of keys in the bucket, "" or with a / at its end
}

const (
	schemeS3   = "s3://"
	schemeFile = "file://"
)

func parseLocation(text string) (location, error) {
	switch scheme, rest, found := strings.Cut(text, "://"); {
	case text == "":
		return location{}, errors.New("it is empty; it is s3://bucket/prefix, file:///folder or the path of a folder")
	case !found:
		return location{folder: text}, nil
	case scheme == "file":
		u, err := url.Parse(text)
		if err != nil || u.Host != "" || !strings.HasPrefix(u.Path, "/") {
			return location{}, fmt.Errorf("%q names no folder of this machine; it is file:///folder, with three slashes", text)
		}
		return location{folder: filepath.FromSlash(u.Path)}, nil
	case scheme == "s3":
		bucket, prefix, _ := strings.Cut(rest, "/")
		if bucket == "" {
			return location{}, fmt.Errorf("%q names no bucket; it is s3://bucket/prefix", text)
		}
		if prefix != "" && !strings.HasSuffix(prefix, "/") {
			prefix += "/"
		}
		return location{bucket: bucket, prefix: prefix}, nil
	default:
		return location{}, fmt.Errorf("%q: scheme %s is neither s3 nor file", text, scheme)
	}
}

// OpenBucket opens the bucket or folder of a location: "s3://bucket/prefix",
// "file:///folder", or the path of a folder. Of c it takes how to get there,
// not c.Location; it must be valid. prefix is the beginning of the keys that belong to the
// archive: "", or a path with a / at its end, to be given to List and to be
// cut off before Layout.Choose. It asks for nothing yet of S3; a folder must
// be there.
func OpenBucket(ctx context.Context, text string, c Config) (b Bucket, prefix string, err error) {
	at, err := parseLocation(text)
	if err != nil {
		return nil, "", fmt.Errorf("opening the archive: %w", err)
	}
	if at.bucket == "" {
		b, err = openFolder(at.folder)
	} else {
		b, err = openS3(ctx, at.bucket, c)
	}
	if err != nil {
		return nil, "", fmt.Errorf("opening the archive %s: %w", text, err)
	}
	return b, at.prefix, nil
}

// SplitS3 returns the bucket and the prefix of s3://bucket/prefix, the prefix ""
// or with a / at its end, and whether the text begins as such a location.
func SplitS3(text string) (bucket, prefix string, ok bool, err error) {
	if !strings.HasPrefix(text, schemeS3) {
		return "", "", false, nil
	}
	at, err := parseLocation(text)
	return at.bucket, at.prefix, true, err
}
