"""The channels of a message, nearest first. A new one is a module here and a line in CHANNELS."""

from push.channels.channel import Channel
from push.channels.email import EmailChannel
from push.channels.inbox import InboxChannel
from push.channels.live import LiveChannel
from push.channels.sms import SmsChannel
from push.channels.subscription import SubscriptionChannel

CHANNELS: tuple[Channel, ...] = (
    LiveChannel(),
    InboxChannel(),
    SubscriptionChannel(),
    SmsChannel(),
    EmailChannel(),
)
