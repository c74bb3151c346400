import Source

/// The activations that every file can use, in the language itself.
///
/// Their formulas keep the digits of small results and the limits at infinities, also in the derivatives that are derived from them: a
/// factor is bounded where the other one is zero, and the identity takes over where it is all that is left. In `mish`, tanh(softplus(x))
/// is n / (n + 2) with n = exp(x)^2 + 2 exp(x); `softsign` far from zero is 1 - 1 / (1 + x), whose derivative does not cancel.
/// Tests/ActivationAccuracy measures them.
public enum Prelude {
    /// What diagnostics call it.
    public static let name = "<prelude>"

    public static let text = """
        /// The rectifier: negative elements become zero (Nair & Hinton 2010).
        /// The default: one instruction, no saturation for positive elements, sparse results; not zero-centred, and a unit that is
        /// negative for all inputs gets no gradient and stays dead.
        activation relu(x) = maximum(x, 0)

        /// The rectifier cut off at 6 (Howard et al., arXiv 1704.04861).
        /// As cheap as relu, and bounded, which helps low precision; no gradient below 0 or above 6.
        activation relu6(x) = minimum(maximum(x, 0), 6)

        /// The rectifier with a small slope for negative elements (Maas et al. 2013).
        /// As cheap as relu without its dead units, common in GANs; the slope is one more choice, and accuracy often the same.
        activation leaky_relu(x, slope = 0.01) = if x > 0 { x } else { slope * x }

        /// Exponential for negative elements, the identity for others (Clevert et al., arXiv 1511.07289).
        /// Means nearer to zero than relu's and no dead units; costs an exponential and saturates for very negative elements.
        activation elu(x, alpha = 1.0) = if x > 0 { x } else { alpha * expm1(x) }

        /// elu with the slopes that keep means and variances (Klambauer et al., arXiv 1706.02515).
        /// Makes deep plain networks train without normalization if weights start with variance 1 / fan-in; no gain beside batch
        /// normalization, and costs an exponential.
        activation selu(x) = 1.0507009873554805 * (if x > 0 { x } else { 1.6732632423543772 * expm1(x) })

        /// elu with a derivative that is continuous for every alpha (Barron, arXiv 1704.07483).
        /// As elu, and smooth whatever alpha is; costs an exponential and saturates for very negative elements.
        activation celu(x, alpha = 1.0) = if x > 0 { x } else { alpha * expm1(x / alpha) }

        /// log(sigmoid(x)), computed without overflow.
        /// For losses on scores, as it keeps its gradient where the sigmoid is near 0; unbounded below, so no usual hidden activation,
        /// and costs an exponential and a logarithm.
        activation log_sigmoid(x) = -softplus(-x)

        /// x / (1 + |x|) (Bergstra et al. 2009).
        /// Zero-centred like tanh, saturates more slowly and costs a division only; gradients still become small at both ends.
        activation softsign(x) = if abs(x) < 1 {
            x * (1 / (1 + abs(x)))
        } else if x > 0 { 1 - 1 / (1 + abs(x)) } else { 1 / (1 + abs(x)) - 1 }

        /// x times the Gaussian distribution function (Hendrycks & Gimpel, arXiv 1606.08415).
        /// Smooth with a small gradient for negative elements, the choice of ConvNeXt and transformers; not monotonic, and costs an error
        /// function.
        activation gelu(x) = if x > 20 { x } else { maximum(x, -20) * normal_cdf(x) }

        /// gelu by its tanh approximation.
        /// Within a thousandth of gelu, for weights that were trained with it; not monotonic, and costs an exponential.
        activation gelu_tanh(x) = if x > 20 { x } else {
            maximum(x, -20) * sigmoid(maximum(x, -20) * (1.5957691216057308 + 0.07135481627260025 * maximum(x, -20) * maximum(x, -20)))
        }

        /// x * sigmoid(x), also called swish (Elfwing et al., arXiv 1702.03118).
        /// Smooth with a gradient for negative elements, often a little better than relu in deep networks such as EfficientNet; not
        /// monotonic, and costs an exponential.
        activation silu(x) = if x > 100 { x } else { maximum(x, -200) * sigmoid(x) }

        /// x * sigmoid(beta * x) (Ramachandran et al., arXiv 1710.05941).
        /// As silu for beta 1, nearer to relu for large beta; not monotonic, and costs an exponential.
        activation swish(x, beta = 1.0) = if beta * x > 100 { x } else if beta * x < -200 { 0 } else { x * sigmoid(beta * x) }

        /// x * tanh(softplus(x)) (Misra, arXiv 1908.08681).
        /// As smooth as silu and sometimes a little better, as in YOLOv4; costs an exponential and a division.
        activation mish(x) = if x > 20 { x } else {
            maximum(x, -200) * ((exp(x) * exp(x) + 2 * exp(x)) / (exp(x) * exp(x) + 2 * exp(x) + 2))
        }

        /// sigmoid by three straight lines (Howard et al., arXiv 1905.02244).
        /// Gates without an exponential, fit for low precision; no gradient at all beyond -3 and 3.
        activation hard_sigmoid(x) = minimum(maximum(x + 3, 0), 6) / 6

        /// swish with the hard sigmoid (Howard et al., arXiv 1905.02244).
        /// Nearly as good as silu without an exponential, the choice of MobileNetV3; no gradient below -3, and kinks at -3 and 3.
        activation hard_swish(x) = maximum(x, -3) * hard_sigmoid(x)

        /// tanh by three straight lines.
        /// Zero-centred and bounded without an exponential; no gradient at all outside its bounds.
        activation hard_tanh(x, low = -1.0, high = 1.0) = minimum(maximum(x, low), high)

        /// x where it exceeds the threshold, zero elsewhere.
        /// Sparse results at the price of relu; jumps at a threshold other than 0, which its gradient does not see, and units can die.
        activation threshold(x, at = 0.0) = if x <= at { 0 } else { x }

        """
}
