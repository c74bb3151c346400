import Foundation
import Graph
import Interchange
import Recipes
import Testing
import Training

@Suite struct PixelNormalizationTests {
    @Test func isRemembered() throws {
        let normalization = PixelNormalization(mean: [0.5, 7 / 255], deviation: [0.5, 1 / 255])
        #expect(try PixelNormalization.remembered(in: normalization.metadata, path: "w") == normalization)
        #expect(try PixelNormalization.remembered(in: ["network": "n"], path: "w") == nil)
        let reversed = PixelNormalization(mean: [0.5, 0, 0.25], deviation: [1, 0.5, 0.25], order: .bgr)
        #expect(try PixelNormalization.remembered(in: reversed.metadata, path: "w") == reversed)
        #expect(reversed.ordered(.rgb) == PixelNormalization(mean: [0.25, 0, 0.5], deviation: [0.25, 0.5, 1]))
    }

    @Test func refusesOrders() {
        for (order, mean) in [("gbr", "0 0 0"), ("bgr", "0"), ("", "0 0 0")] {
            let deviation = mean.replacing("0", with: "1")
            checkDatasetFailure("normalization.channel_order: this is no order of") {
                _ = try PixelNormalization.remembered(
                    in: ["normalization.mean": mean, "normalization.deviation": deviation, "normalization.channel_order": order], path: "w")
            }
        }
    }

    @Test(
        arguments: [
            ("0 1", "1 x", "normalization.deviation: \"1 x\" are no numbers"), ("0", "0", "a mean of 0.0 and a deviation of 0.0"),
            ("0", "nan", "\"nan\" are no numbers"), ("inf", "1", "normalization.mean: \"inf\" are no numbers"),
            ("0", "-0.25", "deviation of -0.25"),
            ("0", "1e-45", "deviation of 1e-45"), ("0", "1e-30", "deviation of 1e-30"), ("3e38", "1", "mean of 3e+38"),
            ("", "1", "\"\" are no numbers"),
            ("0 0 0 0 0 0", "1", "a mean of 0.0 0.0 0.0 0.0 … and a deviation of 1.0"), (nil, "1", "normalization.mean: this is missing"),
            ("0", nil, "normalization.deviation: this is missing"),
        ] as [(String?, String?, String)])
    func refuses(mean: String?, deviation: String?, message: String) {
        var metadata: [String: String] = [:]
        metadata["normalization.mean"] = mean
        metadata["normalization.deviation"] = deviation
        checkDatasetFailure(message) { _ = try PixelNormalization.remembered(in: metadata, path: "w.safetensors") }
    }

    @Test func refusesRecipes() {
        for deviation in [1e-50, 1e-45, 1e-9, 1e300] {
            let recipe = TrainingRecipe(normalization: .init(mean: [deviation > 1 ? 1e300 : 0], deviation: [deviation]))
            checkDatasetFailure("values beyond a million would come out") { _ = try recipe.normalization?.values(channels: 3) }
        }
    }
}
