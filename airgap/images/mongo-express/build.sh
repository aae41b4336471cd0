#!/usr/bin/env bash
# Makes a runnable mongo-express of its npm package, which was published without what its own build adds: the patches
# of three dependencies, and the scripts and styles of its pages.
# Usage: build.sh FOLDER    (a folder in which package-lock.json is installed; the application is left in FOLDER/app)
set -Eeuo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
modules=$PWD/node_modules
mv "$modules/mongo-express" app

for patch in app/.yarn/patches/*.patch; do
  name=${patch##*/}
  patch --silent --strip=1 --directory "$modules/${name%%-npm-*}" <"$patch"
done

# Each page loads vendor.js, and some load codemirror.js: that one is empty here, because a page's own script holds all
# that it imports besides jQuery.
bundle() {
  "$modules/@esbuild/linux-x64/bin/esbuild" "app/lib/scripts/$1.js" --bundle --minify --format=iife --log-level=warning \
    --outfile="app/build/$1.js" "${@:2}"
}
export NODE_PATH=$modules
cp "$here/jquery.js" app/lib/scripts/sharedJQuery.js
bundle vendor
for page in index database collection document gridfs; do
  bundle "$page" --alias:jquery=./app/lib/scripts/sharedJQuery.js
done
: >app/build/codemirror.js
for name in vendor codemirror index database collection document gridfs; do
  printf '{"%s":{"js":"public/%s.js"}}\n' "$name" "$name"
done | tr -d '\n' | sed 's/}{/,/g' >app/build-assets.json

mkdir -p app/build/css app/build/img app/build/fonts
cp -r app/public/images/. app/build/img/
cp -r app/public/stylesheets/. "$modules/codemirror/lib/codemirror.css" "$modules/codemirror/theme" \
  "$modules"/bootstrap/dist/css/bootstrap{,-theme}.min.css app/build/css/
cp -r "$modules/bootstrap/dist/fonts/." app/build/fonts/

rm -rf app/{.yarn,cypress,test,lib/scripts} "$modules"/{@esbuild,bootstrap,codemirror,renderjson,.bin}
mv "$modules" app/
