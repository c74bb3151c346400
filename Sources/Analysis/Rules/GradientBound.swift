/// Beyond these a gradient counts as lost or exploded: its norm times the size of its weight, as against the last layer's. So what counts is how much the
/// loss changes where weights change by a share of their own; how large they are does not.
enum GradientBound {
    static let vanished = 1e-4
    static let exploded = 1e4
}
