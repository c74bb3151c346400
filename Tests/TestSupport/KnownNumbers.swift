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

    /// As many numbers in -1...1 without any order: the finalizer of SplitMix64 (Steele et al., "Fast splittable pseudorandom number generators",
    /// 2014) of their positions.
    public static func hashed(_ seed: Int, count: Int) -> [Float] {
        (0..<UInt64(count)).map { position in
            var x = position + UInt64(seed) << 32
            x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
            x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
            return Float(Double((x ^ (x >> 31)) >> 40) / 8_388_608 - 1)
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

    /// How far `values` are off along the numbers of `seed`: their inner product, less the expected one, beside the norms of both; that of
    /// `values` is `norm`, or at least `floor`.
    public static func distance(_ values: [Double], product expected: Double, norm: Double, floor: Double, seed: Int) -> Double {
        let directions = ofSeed(seed, count: values.count)
        var (product, squares) = (0.0, 0.0)
        for (value, direction) in zip(values, directions) {
            product += value * direction
            squares += direction * direction
        }
        return abs(product - expected) / (max(norm, floor) * squares.squareRoot())
    }

    /// The largest magnitude of an element.
    public static func size(_ values: [Double]) -> Double { values.reduce(0) { max($0, abs($1)) } }

    /// The largest distance between two elements in the same place.
    public static func distance(_ values: [Double], _ others: [Float]) -> Double {
        zip(values, others).reduce(0) { max($0, abs($1.0 - Double($1.1))) }
    }
}
