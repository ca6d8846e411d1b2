#!/bin/bash
# Builds helm and kubeconform from their Go modules and prints the folder that holds both.
source "$(dirname "$0")/cache.sh"

build() { commands helm.sh/helm/v3/cmd/helm@v3.22.0 github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0; }

folder=$(once "helm-$(key "$0")" build)
echo "$folder/bin"
