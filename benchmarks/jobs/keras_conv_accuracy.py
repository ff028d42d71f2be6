"""Train a convolutional network and judge by rows held out: pandas and Keras on JAX.

After each epoch, prints its number and the accuracy.
"""

import math
import os
import sys

import pandas as pd

os.environ["KERAS_BACKEND"] = "jax"
import keras
from keras import layers, ops

EPOCHS, BATCH, RATE = 12, 128, 0.003


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """From 0.04 to 1 times RATE in a quarter of the steps, then to 0.0001, along half cosines."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __call__(self, step):
        """The learning rate of one step."""
        share = ops.cast(step, "float32") / self.steps
        rise = 1 - 0.96 * (1 + ops.cos(math.pi * share / 0.25)) / 2
        fall = 1e-4 + 0.9999 * (1 + ops.cos(math.pi * (share - 0.25) / 0.75)) / 2
        return RATE * ops.where(share < 0.25, rise, fall)


def main(train: str, held_out: int, seed: int) -> None:
    """Train on all rows but the last, and judge by those."""
    keras.utils.set_random_seed(seed)
    frame = pd.read_csv(train, dtype="uint8")
    x = frame.iloc[:, 1:].to_numpy("float32").reshape(-1, 28, 28, 1) / 255
    y = frame["label"].to_numpy()
    model = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(32, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )
    schedule = OneCycle(EPOCHS * -(-len(x[:-held_out]) // BATCH))
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=0.01),
        metrics=["accuracy"],
    )
    model.fit(
        x[:-held_out],
        y[:-held_out],
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(x[-held_out:], y[-held_out:]),
        verbose=0,
        callbacks=[
            keras.callbacks.LambdaCallback(
                on_epoch_end=lambda epoch, logs: print(epoch + 1, logs["val_accuracy"], flush=True)
            )
        ],
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
