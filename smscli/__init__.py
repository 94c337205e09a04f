"""Send SMS through 創瑞 (Chuangrui) gateways, from a shell or from cron."""

__version__ = "0.1.0"
