// Package kubernetes has nothing but tests, of configs/kubernetes.
package kubernetes
