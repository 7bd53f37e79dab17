package archive

import (
	"errors"
	"fmt"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// Explain says what an error of S3 means and what to do. action is the
// permission that the request needs, and key what it was about, "" for the
// bucket.
func (s *Server) Explain(err error, bucket, action, key string) error {
	code, status, region := facts(err)
	switch code {
	case "NoSuchBucket":
		return fmt.Errorf("bucket %s: %w: look at its name, the endpoint and whose credentials these are: %w", bucket, ErrMissing, err)
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "ExpiredTokenException":
		return fmt.Errorf("%w: the server does not take these credentials: look at AWS_PROFILE, AWS_ACCESS_KEY_ID and "+
			"AWS_SECRET_ACCESS_KEY, or sign in again: %w", ErrDenied, err)
	case "RequestTimeTooSkewed":
		return fmt.Errorf("the clock of this machine is wrong: set it: %w", err)
	case "InvalidObjectState":
		return fmt.Errorf("%w: it is in a storage class like Glacier: restore it first, or leave it out by the layout: %w", ErrDenied, err)
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "TemporaryRedirect", "IllegalLocationConstraintException":
		return fmt.Errorf("bucket %s is in another region%s: set region: %w", bucket, region, err)
	}
	switch status {
	case http.StatusMovedPermanently:
		return fmt.Errorf("bucket %s is in another region%s: set region: %w", bucket, region, err)
	case http.StatusForbidden, http.StatusUnauthorized:
		return fmt.Errorf("%w: %w", ErrDenied, s.permit(err, bucket, action, key))
	case http.StatusNotFound:
		return fmt.Errorf("%w: %w", ErrMissing, err)
	case http.StatusPreconditionFailed:
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	return err
}

// permit says which permission is missing.
func (s *Server) permit(err error, bucket, action, key string) error {
	resource := "arn:aws:s3:::" + bucket
	if key != "" {
		resource += "/*, and kms:Decrypt where it is encrypted by a key of KMS"
	}
	if s.c.Anonymous {
		return fmt.Errorf("nobody without credentials may do %s on %s: set anonymous to false: %w", action, resource, err)
	}
	return fmt.Errorf("give these credentials %s on %s: %w", action, resource, err)
}

// facts are what an error says by itself.
func facts(err error) (code string, status int, region string) {
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.Response != nil {
		status = response.HTTPStatusCode()
		if name := response.Response.Header.Get("x-amz-bucket-region"); name != "" {
			region = ", " + name
		}
	}
	return code, status, region
}
