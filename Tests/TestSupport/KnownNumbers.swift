/// Numbers that scripts with PyTorch make, too: alike to the last bit there and here.
public enum KnownNumbers {
    /// As many numbers in -1...1, such that f32 has.
    public static func ofSeed(_ seed: Int, count: Int) -> [Double] {
        (1...count).map { (i: Int) -> Double in
            let first: Int = (i * 7919 + seed * 10473) % 10007
            let residue: Int = first * (i + 31) % 10007
            return Double(Float(Double(residue) / 5003 - 1))
        }
    }

    /// A parameter's values, such that f32 has, and of the size that suits what its name says it is.
    public static func ofParameter(_ name: String, extents: [Int], seed: Int) -> [Double] {
        var (middle, spread) = (0.0, 0.2)
        if name.hasSuffix("running_var") {
            (middle, spread) = (1, 0.5)
        } else if name.hasSuffix("layer_scale") {
            (middle, spread) = (0.6, 0.3)
        } else if extents.count > 1 {
            spread = (4 / Double(extents.dropFirst().reduce(1, *))).squareRoot()
        } else if name.hasSuffix("weight") {
            (middle, spread) = (1, 0.3)
        }
        return ofSeed(seed, count: extents.reduce(1, *)).map { Double(Float(middle + spread * $0)) }
    }
}
