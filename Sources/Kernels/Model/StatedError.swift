import Graph

// What is stated of the errors of contractions: root mean squares against fp64 from the same operands, relative to the root mean square of
// the result. `Numerics.statedError` puts it together from the three that follow one another on the way to memory:
//
// 1. that of the algorithm: a sum as it is written (`Numerics.errorOfSum`), a form of minimal filtering (measured, in its table), or
//    products of rounded factors (`StoredElement.errorOfFactors`);
// 2. that of the epilogue, which is small and counts as two more roundings of f32 in the first;
// 3. that of storing the result as less than f32 (`StoredElement.errorOfRounding`).
//
// They are independent, so their squares add up. All are for operands without a common sign. Operands that are all positive, such as those
// behind a ReLU, make sums cancel, and what is lost in products and sums some times as large.

extension StoredElement {
    /// The root mean square error of values that were rounded to it, relative to their root mean square; 0 for f32.
    ///
    /// The nearest number is off by up to half a unit in the last place, evenly spread, which is `2^-8 / sqrt(3)` of the power of two below
    /// a value for the 8 bits of bf16. Values are 1 to 2 times that power, 1.2 times at least in the root mean square of any tensor that
    /// is not made of such powers: at most 2^-9. Measured in convolutional networks, 1.4e-3 to 1.9e-3.
    public var errorOfRounding: Double {
        switch self {
        case .bf16: 0x1p-9
        case .f64, .f32, .f16, .f8e4m3, .f8e5m2, .f8e8m0, .i64, .i32, .i16, .i8, .u64, .u32, .u16, .u8, .bool: 0
        }
    }

    /// That of a sum of products whose two factors are rounded to it, sums being f32: the relative errors of both add up in every product,
    /// and those of the products to a sum as the products do.
    var errorOfFactors: Double { 2.0.squareRoot() * errorOfRounding }
}

extension Numerics {
    /// The root mean square error to expect of a sum of products in order, relative to the root mean square of such sums.
    ///
    /// An addition rounds the sum so far by up to half a unit in its last place, 0.42 * 2^-24 of it in the mean over all mantissas; where
    /// terms have no common sign the sums grow with the square root of the number of terms, so that as many half errors add up. Twice
    /// more, for the epilogue.
    public func errorOfSum(terms: Int) -> Double {
        let roundings = self == .strict ? 1 : Double(terms) / 2
        return 0.42 * 0x1p-24 * (roundings + 2).squareRoot()
    }

    /// The root mean square error that is stated for what the kernels of a contraction leave in memory.
    ///
    /// - Parameters:
    ///   - candidate: how it is computed; nil for sums as they are written.
    ///   - terms: the products that are summed in an element.
    ///   - stored: what the result is stored as.
    public func statedError(of candidate: AlgorithmChoice.Candidate?, terms: Int, storedAs stored: StoredElement) -> Double {
        let computed = candidate?.error ?? errorOfSum(terms: terms)
        let rounded = stored.errorOfRounding
        return rounded == 0 ? computed : (computed * computed + rounded * rounded).squareRoot()
    }
}
