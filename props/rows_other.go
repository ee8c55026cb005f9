package props

// otherRows are properties of known handlers that this release does not serve.
var otherRows = []Row{}
