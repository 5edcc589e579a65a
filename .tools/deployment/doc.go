// Package deployment has nothing but tests, of configs/kubernetes and configs/compose.
package deployment
