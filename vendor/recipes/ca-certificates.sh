# The root certificates, as one PEM file that the program carries inside; the same for all flavours.
# From Debian's package, or from curl's extract of the same list.
if [ -d usr ]; then
    cat usr/share/ca-certificates/mozilla/*.crt >"$here/out/ca.pem.new"
else
    cp ./*.pem "$here/out/ca.pem.new"
fi
mv "$here/out/ca.pem.new" "$here/out/ca.pem"
